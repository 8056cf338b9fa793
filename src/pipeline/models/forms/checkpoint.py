"""Reading checkpoints of `tf.compat.v1.train.Saver`: values are in `.data` and `.index`.

`checkpoint` names the latest one, by a relative path, so that the folder can be moved.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, listing, one_line
from pipeline.graphdef.reading import checkpoints
from pipeline.models.metadata import hashes, sidecar
from pipeline.models.metadata.sidecar import REMEDY, Sidecar

v1 = tf.compat.v1

STATE = "checkpoint"

# What TensorFlow raises for damaged checkpoints.
UNREADABLE = (tf.errors.OpError, ValueError, RuntimeError, IndexError)


def read_sidecar(folder: Path) -> Sidecar:
    """Read the sidecar of a checkpoint's folder, as `sidecar.read` does."""
    return sidecar.read(folder / sidecar.FILE)


def find_latest(folder: Path) -> str:
    """Return the path prefix of the latest checkpoint in a folder, after checking its own hashes.

    Raises:
        ArtifactError: one of its files is missing or is not the one that the sidecar describes.
    """
    described = read_sidecar(folder)
    hashes.require_files(described, folder, STATE)
    name = checkpoints.read_name(folder)
    hashes.require_files(described, folder, f"{name}.")
    return str(folder / name)


def read_variables(folder: Path) -> dict[str, np.ndarray]:
    """Read all variables of the latest checkpoint, by name.

    Raises:
        ArtifactError: the checkpoint is missing or damaged.
    """
    path = find_latest(folder)
    try:
        reader = tf.train.load_checkpoint(path)
        return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    except UNREADABLE as error:
        raise ArtifactError(f"{path} cannot be read: {one_line(error)}; {REMEDY}") from None


def restore_variables(session: Any, folder: Path, variables: list[Any]) -> None:
    """Restore variables from the latest checkpoint, after comparing names and shapes.

    Raises:
        ArtifactError: the checkpoint is missing or damaged, or does not fit the graph; the message
            lists the differences.
    """
    path = find_latest(folder)
    try:
        saved = tf.train.load_checkpoint(path).get_variable_to_shape_map()
    except UNREADABLE as error:
        raise ArtifactError(f"{path} cannot be read: {one_line(error)}; {REMEDY}") from None
    differences = []
    for name, shape in ((one.op.name, one.shape.as_list()) for one in variables):
        if name not in saved:
            differences.append(f"{name} is not in the checkpoint")
        elif saved[name] != shape:
            differences.append(f"{name} is {saved[name]} in the checkpoint, {shape} in the graph")
    if differences:
        raise ArtifactError(
            f"{path} does not fit the graph: {'; '.join(differences)};"
            f" it has {listing(sorted(saved), 12)}; train again: dvc repro"
        )
    try:
        v1.train.Saver(variables).restore(session, path)
    except (tf.errors.OpError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be restored: {one_line(error)}; {REMEDY}") from None
