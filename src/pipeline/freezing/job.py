"""What is to be frozen, and what came of it: both travel as JSON to and from a limited process."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from pipeline.graphdef.interface import Interface
from pipeline.verification.request import Request

GRAPH = "model.pb"
SAVED_MODEL = "saved_model"


@dataclass(frozen=True)
class Job:
    """A model, and the folder that `model.pb` and `saved_model` are written to."""

    request: Request  # it names one path, or a graph file and the checkpoint with its values
    folder: str


@dataclass(frozen=True)
class Written:
    """What is known of a model that was frozen."""

    interface: Interface
    notes: tuple[str, ...]
    onednn: bool


_JOB = TypeAdapter(Job)
WRITTEN = TypeAdapter(Written)


def to_json(job: Job) -> str:
    """Return a job as JSON."""
    return _JOB.dump_json(job).decode()


def parse(text: str) -> Job:
    """Return the job that `to_json` made this text of."""
    return _JOB.validate_json(text)
