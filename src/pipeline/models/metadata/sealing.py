"""Files `model.json` with a seal: a hash of the rest, which shows that nobody changed them."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError
from pipeline.workspace import files

FILE = "model.json"
SEAL = "sha256_of_the_rest"


def write(path: Path, values: dict[str, Any]) -> None:
    """Write values with their seal."""
    files.write_json(path, {**values, SEAL: _seal(values)})


def parse(path: Path, remedy: str) -> Any:
    """Read what may have a seal, without checking it.

    Raises:
        ArtifactError: it is not JSON; the message ends with the remedy.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ArtifactError(f"{path} is damaged: it is not JSON; {remedy}") from None


def require_seal(values: dict[str, Any], path: Path, remedy: str) -> None:
    """Remove the seal from values, after checking it.

    Raises:
        ArtifactError: the values are not those that were written.
        LookupError: there is no seal.
    """
    if values.pop(SEAL) != _seal(values):
        raise ArtifactError(
            f"{path} was changed after it was written: {SEAL} does not match; {remedy}"
        )


def hash_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of all files in a folder by their names in it, except `model.json`."""
    return {
        file.relative_to(folder).as_posix(): files.sha256(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != FILE
    }


def lies_beside(model: Path) -> bool:
    """Tell whether a `model.json` lies in the folder of a model, or in that of its file."""
    folders = (folder / below for folder in (model, model.parent) for below in ("", "assets.extra"))
    return any((folder / FILE).is_file() for folder in folders)


def _seal(values: dict[str, Any]) -> str:
    return hashlib.sha256(files.to_json(values).encode()).hexdigest()
