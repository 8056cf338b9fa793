"""Mistakes and circumstances that a user can mend: one message, no traceback.

Anything else that is raised is a bug and keeps its traceback. Each kind has an exit code of its
own, so that scripts can tell them apart.
"""

import difflib
from collections.abc import Iterable


class PipelineError(Exception):
    """What was wrong, where, and what to do about it."""

    exit_code = 1


class ConfigError(PipelineError):
    """A parameter, an override or a file under conf/ is wrong."""

    exit_code = 2


class DataError(PipelineError):
    """The input data is missing, unreadable or unfit for training."""

    exit_code = 3


class DeviceError(PipelineError):
    """The chosen device is not there or was not used."""

    exit_code = 4


class TrainingError(PipelineError):
    """Training cannot go on, for example because the loss is no longer finite."""

    exit_code = 5


class ArtifactError(PipelineError):
    """A checkpoint, frozen graph, SavedModel or signature is missing, damaged or does not fit."""

    exit_code = 6


class ParityError(PipelineError):
    """The restored forms of the model do not agree with eager execution."""

    exit_code = 7


class TrackingError(PipelineError):
    """The MLflow store cannot be reached or refuses what is sent."""

    exit_code = 8


class RefusedError(TrackingError):
    """This run cannot be sent to the MLflow store; others can."""


class BusyError(PipelineError):
    """Another process works on the same results."""

    exit_code = 9


class ReproductionError(PipelineError):
    """The same inputs gave other results, or could not be run again."""

    exit_code = 10


def from_system(error: OSError) -> PipelineError:
    """Say what the operating system refused, and where."""
    return PipelineError(f"{error.filename or 'the system'}: {error.strerror or error}")


def one_line(error: BaseException) -> str:
    """Return an error's text in one line of a readable length."""
    return " ".join(str(error).split())[:300]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `"; nearest: …"` for the known name most like `name`, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; nearest: {close[0]}" if close else ""


def listing(items: Iterable[object], most: int = 5) -> str:
    """Join the first `most` items with commas and count the rest."""
    items = list(items)
    shown = ", ".join(str(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
