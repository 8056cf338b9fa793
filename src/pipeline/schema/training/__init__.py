"""The sections of the schema that determine a training and the exported models."""

from typing import Annotated

from pydantic import Field

from pipeline.schema.base import Section, Seed, about
from pipeline.schema.training.device import Device, Export
from pipeline.schema.training.model import Network
from pipeline.schema.training.optimizer import AnyOptimizer, Schedule
from pipeline.schema.training.train import Train


class TrainSettings(Section):
    """The sections of params.yaml that a training depends on."""

    seed: Seed = about("seed of all random numbers: split, initial values, batches, dropout")
    inputs: dict[str, str] = about(
        "SHA-256 of the files besides the data that the configuration names; set when it is"
        " composed",
        allowed="{} in conf/",
    )
    model: Annotated[Network, Field(discriminator="name")]
    optimizer: AnyOptimizer
    schedule: Schedule
    train: Train
    export: Export
    device: Device
