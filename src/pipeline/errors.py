"""Errors that a user can fix: they are shown as one message, without a traceback.

Any other exception is a bug and keeps its traceback. Each class has its own exit code, so that
scripts can tell them apart.
"""

import difflib
from collections.abc import Iterable

DISK_REMEDY = "free disk space or change the permissions, then run the same command again"


class PipelineError(Exception):
    """The message tells what is wrong, where, and how to fix it."""

    exit_code = 1

    def __init_subclass__(cls, exit_code: int | None = None) -> None:
        cls.exit_code = exit_code or cls.exit_code


class ConfigError(PipelineError, exit_code=2):
    """A parameter, an override or a file in conf/ is wrong."""


class DataError(PipelineError, exit_code=3):
    """The input data is missing, unreadable or not suitable for training."""


class DeviceError(PipelineError, exit_code=4):
    """The chosen device does not exist or was not used."""


class TrainingError(PipelineError, exit_code=5):
    """Training cannot continue, for example because the loss is not finite."""


class ArtifactError(PipelineError, exit_code=6):
    """A checkpoint, frozen graph, SavedModel or sidecar is missing, damaged or does not fit."""


class ParityError(PipelineError, exit_code=7):
    """The restored forms of the model disagree with eager execution."""


class TrackingError(PipelineError, exit_code=8):
    """The MLflow store cannot be reached or rejects data."""


class RefusedError(TrackingError):
    """The MLflow store rejects this run, but accepts others."""


class BusyError(PipelineError, exit_code=9):
    """Another process is working on the same results."""


class ReproductionError(PipelineError, exit_code=10):
    """The same inputs gave different results, or could not be run again."""


def from_system(error: PipelineError | OSError) -> PipelineError:
    """Convert an error of the operating system; the message names the file and the reason."""
    if isinstance(error, PipelineError):
        return error
    reason = f"{error.filename or 'the system'}: {error.strerror or error}"
    remedy = "fix the path" if isinstance(error, FileNotFoundError) else DISK_REMEDY
    return PipelineError(f"{reason}; {remedy}")


def one_line(error: BaseException) -> str:
    """Return the message of an error as one line of at most 300 characters."""
    return " ".join(str(error).split())[:300]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `"; nearest: …"` for the known name that is most similar, or an empty string."""
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(one.casefold(), one)
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    return f"; nearest: {show_name(folded[close[0]])}" if close else ""


def show_name(name: str) -> str:
    """Return a name as it is; in quotation marks where it begins or ends with a blank."""
    return repr(name) if name != name.strip() else name


def listing(items: Iterable[object], most: int = 5) -> str:
    """Join the first `most` items with commas and count the rest."""
    items = list(items)
    text = ", ".join(str(item) for item in items[:most])
    return text if len(items) <= most else f"{text} and {len(items) - most} more"
