"""A proof that travels: what a model was fed with and computed, and digests of its values.

A folder with proof.json and a file for each array, as a TensorProto: `.npy` would lose bfloat16 and
text. It comes from others, so sizes are checked before anything is read, and file names are counted
instead of read.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from pipeline.errors import ArtifactError, one_line
from pipeline.foreign.tensor_files import read_array, write_array
from pipeline.graphdef.interface import Interface, TensorSpec
from pipeline.verification.execution import Execution
from pipeline.verification.feeds import Feed
from pipeline.verification.reference import Reference
from pipeline.verification.sidecars import Columns
from pipeline.verification.values import Digest
from pipeline.workspace import files

FILE = "proof.json"
FORMAT = 1

# Larger proofs are refused before they are read.
MOST_BYTES = 2**30
MOST_BYTES_OF_CONTENTS = 64 * 2**20


@dataclass(frozen=True)
class _Contents:
    """The contents of proof.json."""

    format: int
    model: str
    executed: str
    interface: Interface
    feeds: tuple[str, ...]  # names
    values: dict[str, Digest]
    weights: tuple[str, ...]
    machine: dict[str, str]
    columns: Columns


_CONTENTS = TypeAdapter(_Contents)


def is_proof(folder: Path) -> bool:
    """Tell whether a proof is in a folder."""
    return (folder / FILE).is_file()


def write(reference: Reference, folder: Path) -> None:
    """Write what a reference was fed with and computed.

    Raises:
        ArtifactError: the folder exists and is not empty, or the proof is too large.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArtifactError(
            f"{folder} is not empty, and has no {FILE}; give another --proof FOLDER"
        )
    execution = reference.execution
    sides = [*(feed.arrays for feed in execution.feeds), *execution.outputs]
    if sum(array.nbytes for side in sides for array in side.values()) > MOST_BYTES:
        raise ArtifactError(
            f"the proof would have more than {MOST_BYTES:,} bytes; give smaller sizes with --dim"
        )
    contents = _Contents(
        format=FORMAT,
        model=Path(reference.name).name,
        executed=execution.described,
        interface=reference.interface,
        feeds=tuple(feed.name for feed in execution.feeds),
        values=dict(reference.digests),
        weights=reference.weights,
        machine=dict(execution.machine),
        columns=reference.columns,
    )
    with files.replacing(folder) as partial:
        partial.mkdir()
        files.write_json(partial / FILE, asdict(contents))
        inputs, outputs = reference.interface.inputs, reference.interface.outputs
        pairs = zip(execution.feeds, execution.outputs, strict=True)
        for number, (feed, computed) in enumerate(pairs):
            for path, spec in _files(partial, number, "input", inputs):
                write_array(path, feed.arrays[spec.name])
            for path, spec in _files(partial, number, "output", outputs):
                write_array(path, computed[spec.name])


def read(folder: Path) -> Reference:
    """Read a proof as the reference of a verification.

    Raises:
        ArtifactError: it is damaged, too large, or of another format.
    """
    contents = _read_contents(folder / FILE)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    if size > MOST_BYTES:
        raise ArtifactError(f"{folder} has {size:,} bytes; a proof has at most {MOST_BYTES:,}")
    interface, feeds, computed = contents.interface, [], []
    for number, name in enumerate(contents.feeds):
        feeds.append(Feed(name, _read_side(folder, number, "input", interface.inputs)))
        computed.append(_read_side(folder, number, "output", interface.outputs))
    return Reference(
        name=f"{folder}, of {contents.model}",
        interface=interface,
        execution=Execution(contents.executed, tuple(feeds), tuple(computed), contents.machine),
        digests=contents.values,
        weights=contents.weights,
        columns=contents.columns,
    )


def _read_contents(path: Path) -> _Contents:
    try:
        if path.stat().st_size > MOST_BYTES_OF_CONTENTS:
            raise ArtifactError(f"{path} has more than {MOST_BYTES_OF_CONTENTS:,} bytes")
        values = json.loads(path.read_text(encoding="utf-8"))
        contents = _CONTENTS.validate_python(values)
    except FileNotFoundError:
        raise ArtifactError(
            f"{path} is missing; to write a proof, give the PATH of a model, too"
        ) from None
    except (ValidationError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} is damaged: {one_line(error)}") from None
    if contents.format != FORMAT:
        raise ArtifactError(f"{path} has format {contents.format}, and {FORMAT} is read")
    return contents


def _read_side(
    folder: Path, number: int, side: str, specs: Sequence[TensorSpec]
) -> dict[str, np.ndarray]:
    files_of_side = _files(folder, number, side, specs)
    return {spec.name: read_array(path, MOST_BYTES) for path, spec in files_of_side}


def _files(
    folder: Path, number: int, side: str, specs: Sequence[TensorSpec]
) -> Iterator[tuple[Path, TensorSpec]]:
    """Yield the file of each input or output on a feed, named by positions alone."""
    for position, spec in enumerate(specs):
        yield folder / f"feed-{number}-{side}-{position}.pb", spec
