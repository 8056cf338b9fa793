"""The file `checkpoint`, in which `tf.compat.v1.train.Saver` names the latest of a folder.

It may do so by an absolute path, of the folder in which the checkpoint was written.
"""

import re
from pathlib import Path

import tensorflow as tf

from pipeline.errors import ArtifactError

v1 = tf.compat.v1


def find_latest(folder: Path) -> str | None:
    """Return the path prefix of the latest checkpoint of a folder; None if it has no state.

    A checkpoint in the folder itself comes before one at the path that the state names: the folder
    is a copy then, or was moved.

    Raises:
        ArtifactError: the files of the checkpoint are not there.
        ValueError: the state is damaged.
    """
    path = _read_path(folder)
    if path is None:
        return None
    for prefix in (str(folder / _name(path)), path):
        if v1.train.checkpoint_exists(prefix):
            return prefix
    raise ArtifactError(
        f"{folder} has no checkpoint {_name(path)}, which its file `checkpoint` names; copy the"
        f" files {_name(path)}.* to this folder"
    )


def read_name(folder: Path) -> str:
    """Return the name of the latest checkpoint of a folder that has a state, without its path."""
    return _name(str(_read_path(folder)))


def _read_path(folder: Path) -> str | None:
    state = v1.train.get_checkpoint_state(str(folder))
    return str(state.model_checkpoint_path) if state else None


def _name(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]  # the path may be one of another system
