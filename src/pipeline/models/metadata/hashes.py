"""Hashes before use: TensorFlow gets no file that the sidecar of its form does not vouch for."""

import dataclasses
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.models.metadata import foreign_sidecar, sealing, sidecar
from pipeline.models.metadata.foreign_sidecar import ForeignSidecar
from pipeline.models.metadata.sidecar import FILE, REMEDY, Sidecar
from pipeline.workspace import files

# The name under which the sidecar of the frozen graph has the hash of the checkpoint's sidecar.
# Other forms stand there under the names of their folders.
CHECKPOINT = f"checkpoint/{FILE}"


def sign(trained: Sidecar, folder: Path) -> Sidecar:
    """Return the sidecar with the hashes of all files in its form's folder."""
    return dataclasses.replace(trained, hashes=sealing.hash_files(folder))


def read_if_sealed(path: Path) -> Sidecar | ForeignSidecar | None:
    """Read a `model.json` that other software may have written; None without a seal.

    Raises:
        ArtifactError: it is damaged.
    """
    values = sealing.parse(path, REMEDY) if path.is_file() else None
    if not isinstance(values, dict) or sealing.SEAL not in values:
        return None
    is_foreign = values.get("format") == foreign_sidecar.FORMAT
    return foreign_sidecar.read(path) if is_foreign else sidecar.read(path)


def require_files(found: Sidecar | ForeignSidecar, folder: Path, prefix: str = "") -> None:
    """Refuse files of a form, with names that begin so, if its sidecar was written for others.

    Raises:
        ArtifactError: a file is missing or has another SHA-256, or the sidecar has none of them.
    """
    names = [name for name in found.hashes if name.startswith(prefix)]
    if not names:
        raise ArtifactError(f"{folder / prefix} is not described by its {FILE}; {REMEDY}")
    remedy = foreign_sidecar.REMEDY if isinstance(found, ForeignSidecar) else REMEDY
    for name in names:
        require_file(folder / name, found.hashes[name], remedy)


def require_file(path: Path, expected: str | None, remedy: str = REMEDY) -> None:
    """Raise `ArtifactError` for a file or folder that is missing or has another SHA-256."""
    if not path.exists():
        raise ArtifactError(f"{path} is missing; {remedy}")
    if files.sha256(path) != expected:
        raise ArtifactError(
            f"{path} is not the file that {FILE} describes: its SHA-256 differs; {remedy}"
        )


def require_same_training(trained: Sidecar, frozen: Sidecar, checkpoint: Path) -> None:
    """Refuse a frozen model that was made from another training than the checkpoint's.

    Raises:
        ArtifactError: the message names what differs.
    """
    recipe = vars(frozen.recipe)
    differs = [name for name, value in vars(trained.recipe).items() if recipe[name] != value]
    if not differs and files.sha256(checkpoint / FILE) != frozen.hashes.get(CHECKPOINT):
        differs = ["values of variables"]
    if differs:
        raise ArtifactError(
            f"checkpoint and frozen graph come from different trainings: {', '.join(differs)}"
            " differ; freeze the checkpoint again: dvc repro freeze"
        )
