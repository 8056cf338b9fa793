"""The schema of the whole params.yaml.

The schema has no defaults: values are in conf/ alone.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from pipeline.schema.base import Seconds, Section, about
from pipeline.schema.data import Data
from pipeline.schema.evaluation import Evaluation
from pipeline.schema.training import TrainSettings


class Tracking(Section):
    """Tracking with MLflow. It changes no out, so only the stage `track` depends on it."""

    experiment: Annotated[str, Field(min_length=1, max_length=200)] = about(
        "name of the MLflow experiment"
    )
    live_after: Seconds = about("training time after which metrics are sent live", "s")
    flush_every: Annotated[float, Field(gt=0, le=10**6)] = about(
        "seconds between live updates", "s"
    )
    patience: Seconds = about(
        "time limit for sending a run; after it, the run is kept and sent later", "s"
    )


class Settings(TrainSettings):
    """All sections of params.yaml."""

    data: Data
    evaluation: Evaluation
    tracking: Tracking

    # The key that selects the variant of a section.
    SELECTORS: ClassVar[dict[str, str]] = {
        "data": "source",
        "model": "name",
        "optimizer": "name",
        "schedule": "name",
    }
