"""Names for executions: a digest over all that determines a result, the same on every machine.

One execution of the pipeline is one MLflow run, found again by its identity; an interrupted
training finds its own state the same way.
"""

import hashlib
import json
from importlib.metadata import version
from typing import Any

from pipeline import files
from pipeline.settings import Settings

# The versions that can change a result.
LIBRARIES = ("tensorflow", "numpy", "pandas", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the installed versions of the libraries that can change a result."""
    return {name: version(name) for name in LIBRARIES}


def code_sha256() -> str:
    """Return one SHA-256 over the sources of this package."""
    return files.sha256_of_files(sorted(files.PACKAGE.rglob("*.py")), files.PACKAGE)


def parameters_sha256(settings: Settings) -> str:
    """Return one SHA-256 over all parameters but those of tracking, which change no result."""
    return _digest(settings.model_dump(exclude={"tracking"}))


def of_execution(settings: Settings) -> str:
    """Identify an execution of the pipeline: parameters, prepared data, code, versions."""
    return _digest([parameters_sha256(settings), *_surroundings()])


def of_training(settings: Settings, device: str) -> str:
    """Identify a training: its parameters, and the device that `auto` may have chosen."""
    relevant = settings.model_dump(exclude={"tracking", "evaluation", "export"})
    return _digest([relevant, device, *_surroundings()])


def _surroundings() -> list[Any]:
    return [files.sha256(files.PREPARED), code_sha256(), versions()]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
