"""Checkpoints of `tf.compat.v1.train.Saver`: structure in `.meta`, values in `.data` and `.index`.

`.meta` is written here rather than by the saver, so that equal trainings give equal bytes.
`checkpoint` names the latest one, by a relative path, so that the folder can be moved.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline import files
from pipeline.artifacts import hashes, meta_graph, signature
from pipeline.artifacts.writing import writing
from pipeline.errors import ArtifactError, listing, one_line
from pipeline.settings.train import Train

v1 = tf.compat.v1

PREFIX = "model.ckpt"
STATE = "checkpoint"

# What TensorFlow raises for damaged checkpoints.
UNREADABLE = (tf.errors.OpError, ValueError, RuntimeError, IndexError)

_WHOLE = re.compile(rf"checkpoint|{re.escape(PREFIX)}-\d+\.(meta|index|data-\d{{5}}-of-\d{{5}})")


class Checkpoints:
    """Writes checkpoints of a graph into one folder, and goes on from the latest.

    The graph is complete with the saver's operations, and is finalized.
    """

    def __init__(self, graph: tf.Graph, settings: Train, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._best = folder / "best"
        self._begun = folder / "begun"
        if not self._begun.exists():
            self._begun.touch()
        with graph.as_default():
            self._saver = v1.train.Saver(
                max_to_keep=settings.max_to_keep,
                keep_checkpoint_every_n_hours=settings.keep_checkpoint_every_n_hours,
                save_relative_paths=True,
            )
            self._best_saver = v1.train.Saver(max_to_keep=1, save_relative_paths=True)
        graph.finalize()
        self._graph = graph
        self._meta_graphs: dict[Any, bytes] = {}

    @property
    def every(self) -> int:
        """A checkpoint is written every so many steps."""
        return self._settings.checkpoint_every

    def due(self, step: int) -> bool:
        """Tell whether a checkpoint is to be written after `step`."""
        return step % self._settings.checkpoint_every == 0 or step == self._settings.steps

    def save(self, session: Any, step: int) -> None:
        """Write a checkpoint; the last one always has its meta graph."""
        with_graph = self._settings.write_meta_graph or step == self._settings.steps
        self._save(self._saver, session, self._folder / PREFIX, step, with_graph)

    def save_best(self, session: Any, step: int) -> None:
        """Write the best checkpoint so far; the one before goes when this one is whole."""
        self._best.mkdir(exist_ok=True)
        self._save(self._best_saver, session, self._best / PREFIX, step, with_graph=True)
        for file in self._best.glob(f"{PREFIX}-*.*"):
            if _step(file.stem) != step:
                file.unlink()

    def _save(self, saver: Any, session: Any, prefix: Path, step: int, with_graph: bool) -> None:
        """Write a checkpoint; what is half-written is removed when the system refuses the rest."""
        path = prefix.with_name(f"{prefix.name}-{step}")
        with writing(path):
            saver.save(session, str(prefix), global_step=step, write_meta_graph=False)
        if with_graph:
            with files.replacing(path.with_name(f"{path.name}.meta")) as partial:
                partial.write_bytes(self._meta_graph(saver))

    def _meta_graph(self, saver: Any) -> bytes:
        """Return the meta graph of a saver, which stays as it is: the graph is finalized."""
        if saver not in self._meta_graphs:
            self._meta_graphs[saver] = meta_graph.exported(self._graph, saver)
        return self._meta_graphs[saver]

    def restore(self, session: Any) -> int:
        """Restore the newest readable checkpoint of the folder.

        Returns:
            Its step; 0 where there is none.
        """
        paths = self._known()
        while paths:
            try:
                self._saver.restore(session, paths[-1])
            except UNREADABLE:
                print(f"warning: {Path(paths.pop()).name} is damaged; trying the one before")
                continue
            self._saver.recover_last_checkpoints(paths)
            self._remove_outlived(before=_step(paths[0]))
            return _step(paths[-1])
        return 0

    def _known(self) -> list[str]:
        """Return the path prefixes of the checkpoints that the state names, oldest first."""
        if not (self._folder / STATE).exists():
            return []
        try:
            state = v1.train.get_checkpoint_state(str(self._folder))
        except ValueError:  # no text
            state = None
        named = state.all_model_checkpoint_paths if state else []
        paths = [path for path in named if re.fullmatch(rf"{PREFIX}-\d+", Path(path).name)]
        if not paths:
            print(f"warning: {self._folder / STATE} is damaged; the training begins anew")
        return paths

    def _remove_outlived(self, before: int) -> None:
        """Remove the checkpoint that was to go when the training was killed.

        What is old enough to be kept for good, or older than the one before, stays.
        """
        kept_after = (
            self._begun.stat().st_mtime + self._settings.keep_checkpoint_every_n_hours * 3600
        )
        for file in self._folder.glob(f"{PREFIX}-*.*"):
            if (
                before - self._settings.checkpoint_every <= _step(file.stem) < before
                and file.stat().st_mtime < kept_after
            ):
                file.unlink()

    def copy(self, folder: Path, best: bool) -> None:
        """Copy the best checkpoint, or all that are kept; nothing that is half-written."""
        for file in (self._best if best else self._folder).iterdir():
            if _WHOLE.fullmatch(file.name):
                shutil.copy2(file, folder)


def _step(prefix: str) -> int:
    """Return the step in a checkpoint's name, `…model.ckpt-STEP`."""
    return int(prefix.rpartition("-")[2].partition(".")[0])


def latest(folder: Path) -> str:
    """Return the path prefix of the latest checkpoint in a folder, as its signature describes it.

    Older ones in the folder are not looked at.

    Raises:
        ArtifactError: one of its files is missing or is not the one of the signature.
    """
    described = signature.read(folder / signature.FILE)
    hashes.require(described, folder, STATE)
    name = Path(v1.train.get_checkpoint_state(str(folder)).model_checkpoint_path).name
    hashes.require(described, folder, f"{name}.")
    return str(folder / name)


def values(folder: Path) -> dict[str, np.ndarray]:
    """Read all variables of the latest checkpoint, by name.

    Raises:
        ArtifactError: there is no checkpoint, or it cannot be read.
    """
    path = latest(folder)
    try:
        reader = tf.train.load_checkpoint(path)
        return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    except UNREADABLE as error:
        raise ArtifactError(f"{path} cannot be read: {one_line(error)}") from None


def restore_latest(session: Any, folder: Path, variables: list[Any]) -> None:
    """Restore variables from the latest checkpoint, after comparing names and shapes.

    Raises:
        ArtifactError: the checkpoint is missing or damaged, or does not have what the graph needs;
            the message lists what differs.
    """
    path = latest(folder)
    try:
        have = tf.train.load_checkpoint(path).get_variable_to_shape_map()
    except UNREADABLE as error:
        raise ArtifactError(f"{path} cannot be read: {one_line(error)}") from None
    differences = []
    for variable in variables:
        name, shape = variable.op.name, variable.shape.as_list()
        if name not in have:
            differences.append(f"{name} is not in the checkpoint")
        elif have[name] != shape:
            differences.append(f"{name} is {have[name]} in the checkpoint, {shape} in the graph")
    if differences:
        raise ArtifactError(
            f"{path} does not fit the graph: {'; '.join(differences)};"
            f" it has {listing(sorted(have), 12)}"
        )
    try:
        v1.train.Saver(variables).restore(session, path)
    except (tf.errors.OpError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be restored: {one_line(error)}") from None
