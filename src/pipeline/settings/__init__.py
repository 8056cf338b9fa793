"""The schema of params.yaml: every parameter once, with its type, range, unit and meaning.

Values live in conf/, never here: the schema has no defaults, so that a parameter has one home.
`pipeline.parameters` reads params.yaml and holds it against this schema.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from pipeline.settings.basis import Section, Seed, about
from pipeline.settings.data import Data
from pipeline.settings.device import Device
from pipeline.settings.evaluation import Evaluation, Tracking
from pipeline.settings.model import Network
from pipeline.settings.optimizer import AnyOptimizer, Schedule
from pipeline.settings.train import Export, Train

__all__ = ["Section", "Settings"]


class Settings(Section):
    """All of params.yaml."""

    seed: Seed = about("the root of all randomness: split, initial values, batches, dropout")
    inputs: dict[str, str] = about(
        "files besides the data that the configuration names, with their SHA-256; filled in when"
        " it is composed",
        json_schema_extra={"allowed": "{} in conf/"},
    )
    data: Data
    model: Annotated[Network, Field(discriminator="name")]
    optimizer: AnyOptimizer
    schedule: Schedule
    train: Train
    export: Export
    device: Device
    evaluation: Evaluation
    tracking: Tracking

    SELECTORS: ClassVar[dict[str, str]] = {
        "data": "source",
        "model": "name",
        "optimizer": "name",
        "schedule": "name",
    }
