"""The sidecar of a model that `pipeline freeze` made from a third-party one: `model.json`.

It has an interface, hashes and a verdict, but no recipe: nobody knows the columns or the network.
This module does without TensorFlow, as `pipeline freeze` does outside of its limited process.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import ArtifactError, one_line
from pipeline.graphdef.interface import Interface
from pipeline.models.metadata import sealing
from pipeline.models.metadata.arithmetic import KEY as PROVEN_WITH

FORMAT = "foreign 1"
REMEDY = "copy the whole folder again, or make it again: pipeline freeze"


@dataclass(frozen=True)
class ForeignSidecar:
    """The contents of `model.json`."""

    interface: Interface
    made_of: dict[str, str]  # SHA-256 of the files of the model that was frozen, by name
    verdict: dict[str, Any]  # what `pipeline verify --json` says of the frozen forms
    notes: tuple[str, ...]  # what a user may not expect of the model
    versions: dict[str, str]
    onednn: bool  # whether it was proven with these kernels
    hashes: dict[str, str] = dataclasses.field(default_factory=dict)  # SHA-256 by file name

    def to_json(self) -> dict[str, Any]:
        """Return the contents as JSON values, without the seal."""
        return {
            "format": FORMAT,
            **dataclasses.asdict(self.interface),
            "made_of": self.made_of,
            "verdict": self.verdict,
            "notes": self.notes,
            "versions": self.versions,
            PROVEN_WITH: {"onednn": self.onednn},
            "sha256": self.hashes,
        }


_SIDECAR = TypeAdapter(ForeignSidecar)


def write(sidecar: ForeignSidecar, path: Path) -> None:
    """Write `model.json` with its seal."""
    sealing.write(path, sidecar.to_json())


def is_foreign(path: Path) -> bool:
    """Tell whether a file is such a sidecar, which may be damaged otherwise.

    Raises:
        ArtifactError: it is not JSON.
    """
    values = sealing.parse(path, REMEDY) if path.is_file() else None
    return isinstance(values, dict) and values.get("format") == FORMAT


def read(path: Path) -> ForeignSidecar:
    """Read `model.json`.

    Raises:
        ArtifactError: it is missing, damaged, changed, or of another format.
    """
    if not is_foreign(path):
        raise ArtifactError(f"{path} is missing or not made by `pipeline freeze`; {REMEDY}")
    values = sealing.parse(path, REMEDY)
    try:
        sealing.require_seal(values, path, REMEDY)
        interface = {side: values[side] for side in ("inputs", "outputs")}
        rest = {name: values[name] for name in ("made_of", "verdict", "notes", "versions")}
        return _SIDECAR.validate_python({
            "interface": interface,
            **rest,
            "onednn": values[PROVEN_WITH]["onednn"],
            "hashes": values["sha256"],
        })  # fmt: skip
    except (ValidationError, LookupError, TypeError) as error:
        kind = type(error).__name__
        raise ArtifactError(f"{path} is damaged: {kind}: {one_line(error)}; {REMEDY}") from None
