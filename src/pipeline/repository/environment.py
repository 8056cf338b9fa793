"""What a process is given when it starts: environment variables and memory settings.

TensorFlow and MLflow read their variables when they are imported, so a process calls `configure`
before that. A library user may do without: then both behave as they come.
"""

import atexit
import ctypes
import gc
import os

from pipeline.errors import ConfigError

# How much is printed; stages inherit it from the verb that started them.
VERBOSITY = "PIPELINE_VERBOSITY"
VERBOSITIES = ("quiet", "normal", "verbose")

# A value that the user has set stays.
DEFAULTS = {
    # The v1 graph API needs no Keras; without it the import of TensorFlow takes half the time.
    "TF_USE_LEGACY_KERAS": "1",
    # Native code reports each device and instruction set that it finds; only errors are shown.
    "TF_CPP_MIN_LOG_LEVEL": "2",
    # No usage statistics are sent to the makers of MLflow.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # A server that is away is noticed soon: MLflow would try for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # A progress bar for each file would hide the messages.
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

# A value that the user has set is replaced.
FORCED = {
    # Figures are files. A notebook's kernel names a backend of its own environment, with which the
    # import of Matplotlib fails elsewhere.
    "MPLBACKEND": "agg",
}

# With Python's default, collections among the objects of TensorFlow take a third of a stage's time.
OBJECTS_BETWEEN_COLLECTIONS = 200_000

# Options of mallopt(3): blocks below the first size are not mapped one by one, and freed memory
# goes back to the system when it is more than the second.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_ARENA_MAX = -3, -1, -8
MAPPED_FROM, KEPT = 32 * 2**20, 256 * 2**20


def configure(onednn: bool | None = None, verbosity: str | None = None) -> None:
    """Set environment variables and memory settings of this process.

    Args:
        onednn: parameter `device.onednn`; these kernels change the last bits. None: as it is.
        verbosity: one of `VERBOSITIES`. None: as it is.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)  # no collection when the process ends
    keep_freed()
    os.environ.update(variables(onednn))
    if verbosity is not None:
        os.environ.update({VERBOSITY: verbosity})


def variables(onednn: bool | None = None) -> dict[str, str]:
    """Return the variables that this process, configured, has."""
    chosen = {} if onednn is None else {"TF_ENABLE_ONEDNN_OPTS": "1" if onednn else "0"}
    return {**DEFAULTS, **os.environ, **FORCED, **chosen}


def verbosity() -> str:
    """Return how much this process prints, one of `VERBOSITIES`.

    Raises:
        ConfigError: the environment has another value.
    """
    value = os.environ.get(VERBOSITY) or "normal"
    if value not in VERBOSITIES:
        raise ConfigError(f"{VERBOSITY}={value}: choose one of {', '.join(VERBOSITIES)}")
    return value


def keep_freed() -> None:
    """Let the C library keep freed arrays for the next ones.

    Otherwise each array of some megabytes is mapped, touched page by page, and unmapped again,
    which takes longer than the computation.
    """
    _set_option(M_MMAP_THRESHOLD, MAPPED_FROM)
    _set_option(M_TRIM_THRESHOLD, KEPT)


def share_freed() -> None:
    """Let threads that are started from now on share what the C library keeps.

    Otherwise each of them keeps the most that it ever needed. Few and large arrays make no thread
    wait for another.
    """
    _set_option(M_ARENA_MAX, 1)


def _set_option(option: int, value: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it
    if mallopt:
        mallopt(option, value)


def return_freed() -> None:
    """Return to the system what the C library keeps, after work that the next does not resemble."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if malloc_trim:
        malloc_trim(0)
