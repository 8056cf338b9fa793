"""The checkpoints of a training: written, restored, and removed when there are newer ones.

Structure is in `.meta`, values are in `.data` and `.index`. `.meta` is written here rather than by
`tf.compat.v1.train.Saver`, so that equal trainings give equal bytes. `checkpoint` names the latest
one, by a relative path, so that the folder can be moved.
"""

import logging
import re
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.graph.devices import writing
from pipeline.schema.training.train import Train
from pipeline.training import autosave, meta_graph
from pipeline.workspace import files

v1 = tf.compat.v1

_log = logging.getLogger(__name__)

PREFIX = "model.ckpt"
STATE = "checkpoint"

# What TensorFlow raises for damaged checkpoints.
UNREADABLE = (tf.errors.OpError, ValueError, RuntimeError, IndexError)

_WHOLE = re.compile(rf"checkpoint|{re.escape(PREFIX)}-\d+\.(meta|index|data-\d{{5}}-of-\d{{5}})")


class Checkpoints:
    """Writes checkpoints of a graph to one folder, and restores the latest.

    The saver's operations complete the graph, which is finalized.
    """

    def __init__(self, graph: tf.Graph, settings: Train, folder: Path) -> None:
        self._graph, self._settings, self._folder = graph, settings, folder
        self._best, self._begun = folder / "best", folder / "begun"
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
        self._meta_graphs: dict[Any, bytes] = {}

    def is_due(self, step: int) -> bool:
        """Tell whether a checkpoint is written after `step`."""
        return step % self._settings.checkpoint_interval == 0 or step == self._settings.steps

    def save(self, session: Any, step: int) -> None:
        """Write a checkpoint; the last one always has its meta graph."""
        with_graph = self._settings.write_meta_graph or step == self._settings.steps
        self._save(self._saver, session, self._folder, step, with_graph)

    def save_best(self, session: Any, step: int) -> None:
        """Write the best checkpoint so far; the one before is removed when this one is complete."""
        self._best.mkdir(exist_ok=True)
        self._save(self._best_saver, session, self._best, step, with_graph=True)
        for file in self._best.glob(f"{PREFIX}-*.*"):
            if _step(file.stem) != step:
                file.unlink()

    def _save(self, saver: Any, session: Any, folder: Path, step: int, with_graph: bool) -> None:
        """Write a checkpoint; its parts are removed when the system refuses the rest."""
        path = folder / f"{PREFIX}-{step}"
        with writing(path):
            saver.save(session, str(folder / PREFIX), global_step=step, write_meta_graph=False)
        if with_graph:
            if saver not in self._meta_graphs:  # it never changes, as the graph is finalized
                self._meta_graphs[saver] = meta_graph.export(self._graph, saver)
            with files.replacing(path.with_name(f"{path.name}.meta")) as partial:
                partial.write_bytes(self._meta_graphs[saver])

    def resume(self, session: Any) -> int:
        """Do as `restore`, and complete the checkpoint if it is the last of the training."""
        step = self.restore(session)
        if step:
            _log.info("going on from step %s", f"{step:,}")
        if (
            step and step == self._settings.steps
        ):  # killed in its last save, maybe before the meta graph
            self.save(session, step)
        return step

    def restore(self, session: Any) -> int:
        """Restore the newest readable state; returns its step, or 0 where there is none.

        It is that of a checkpoint, or one that was saved by the clock.
        """
        paths = self._list_paths()
        for path in sorted([*paths, *autosave.find(self._folder)], key=_step, reverse=True):
            try:
                self._saver.restore(session, path)
            except UNREADABLE:
                _log.warning("%s is damaged; trying the one before", Path(path).name)
                paths = [one for one in paths if one != path]
                continue
            if paths:
                self._saver.recover_last_checkpoints(paths)
                self._remove_outdated(before=_step(paths[0]))
            return _step(path)
        return 0

    def _list_paths(self) -> list[str]:
        """Return the path prefixes of the checkpoints that the state names, oldest first."""
        if not (self._folder / STATE).exists():
            return []
        try:
            state = v1.train.get_checkpoint_state(str(self._folder))
        except ValueError:  # not a text
            state = None
        named = state.all_model_checkpoint_paths if state else []
        paths = [path for path in named if re.fullmatch(rf"{PREFIX}-\d+", Path(path).name)]
        if not paths:
            _log.warning("%s is damaged; the training begins anew", self._folder / STATE)
        return paths

    def _remove_outdated(self, before: int) -> None:
        """Remove the checkpoint that was about to be removed when the training was killed.

        Checkpoints that are kept for good, and older ones, stay.
        """
        seconds = self._settings.keep_checkpoint_every_n_hours * 3600
        kept_after = self._begun.stat().st_mtime + seconds
        steps = range(before - self._settings.checkpoint_interval, before)
        for file in self._folder.glob(f"{PREFIX}-*.*"):
            if _step(file.stem) in steps and file.stat().st_mtime < kept_after:
                file.unlink()

    def copy(self, folder: Path, best: bool) -> None:
        """Copy the best checkpoint, or the newest ones; incomplete files are left out.

        Those that are kept by the clock are not copied: equal trainings give equal bytes.
        """
        newest = {Path(path).name for path in self._saver.last_checkpoints}
        for file in (self._best if best else self._folder).iterdir():
            is_kept = best or file.name == STATE or file.stem in newest
            if is_kept and _WHOLE.fullmatch(file.name):
                shutil.copy2(file, folder)


def discard(folder: Path) -> None:
    """Remove the folder of a training that has ended; what the clock keeps moves to `kept-NAME`."""
    state = v1.train.get_checkpoint_state(str(folder))
    newest = {Path(path).name for path in state.all_model_checkpoint_paths} if state else set()
    kept = folder.with_name(f"kept-{folder.name}")
    for file in folder.glob(f"{PREFIX}-*"):
        if file.stem not in newest:
            kept.mkdir(exist_ok=True)
            file.replace(kept / file.name)
    shutil.rmtree(folder)
    if kept.exists():
        _log.info("%s: what train.keep_checkpoint_every_n_hours keeps", kept)


def _step(prefix: str) -> int:
    """Return the step in a checkpoint's name, `…model.ckpt-STEP`."""
    return int(prefix.rpartition("-")[2].partition(".")[0])
