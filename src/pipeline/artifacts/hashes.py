"""Hashes before use: what a signature does not vouch for is not given to TensorFlow."""

import dataclasses
from pathlib import Path

from pipeline import files
from pipeline.artifacts.signature import AGAIN, FILE, Signature
from pipeline.errors import ArtifactError

# What a frozen model's signature says of the files beside its folder.
OF_CHECKPOINT = f"{files.CHECKPOINT.name}/{FILE}"
OF_SAVED_MODEL = files.SAVED_MODEL.name


def signed(signature: Signature, folder: Path) -> Signature:
    """Return the signature with the hashes of all files in its form's folder."""
    found = {
        file.relative_to(folder).as_posix(): files.sha256(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != FILE
    }
    return dataclasses.replace(signature, hashes=found)


def require(signature: Signature, folder: Path, beginning: str = "") -> None:
    """Refuse files of a form that are not those its signature was written for.

    Args:
        beginning: of the names of the files that are looked at.

    Raises:
        ArtifactError: one is missing or has another SHA-256, or the signature knows none.
    """
    names = [name for name in signature.hashes if name.startswith(beginning)]
    if not names:
        raise ArtifactError(f"{folder / beginning} is not described by its {FILE}; {AGAIN}")
    for name in names:
        require_file(folder / name, signature.hashes[name])


def require_file(path: Path, expected: str | None) -> None:
    """Refuse a file or folder that is missing or has another SHA-256.

    Raises:
        ArtifactError: naming it.
    """
    if not path.exists():
        raise ArtifactError(f"{path} is missing; {AGAIN}")
    if files.sha256(path) != expected:
        raise ArtifactError(
            f"{path} is not the file that {FILE} describes: its SHA-256 is another; {AGAIN}"
        )


def require_same(trained: Signature, frozen: Signature, checkpoint: Path) -> None:
    """Refuse a frozen model that was made from another training.

    Raises:
        ArtifactError: naming what differs.
    """
    differs = [
        field.name
        for field in dataclasses.fields(Signature)
        if field.name != "hashes" and getattr(trained, field.name) != getattr(frozen, field.name)
    ]
    if not differs and files.sha256(checkpoint / FILE) != frozen.hashes.get(OF_CHECKPOINT):
        differs = ["values of variables"]
    if differs:
        raise ArtifactError(
            f"checkpoint and frozen graph are of different trainings: {', '.join(differs)}"
            " differ; freeze the checkpoint again: dvc repro freeze"
        )
