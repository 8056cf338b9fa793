"""The first values of variables: their initial values, or those of a checkpoint."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.errors import ArtifactError, ConfigError, listing, nearest, one_line
from pipeline.graph.variables import SCOPE
from pipeline.graphdef.reading import checkpoints
from pipeline.schema.training.train import Start
from pipeline.training.graph import TrainingGraph
from pipeline.training.job import TrainingJob

v1 = tf.compat.v1

REMEDY = "give a copy of artifacts/checkpoint that is complete"

_log = logging.getLogger(__name__)


class Initialization:
    """The first values of a training graph that is not finalized yet.

    Raises:
        ArtifactError: the checkpoint cannot be read, or a variable in it has another shape.
        ConfigError: a name in `train.start.variables` matches no variable.
    """

    def __init__(self, job: TrainingJob, training: TrainingGraph) -> None:
        start, path = job.settings.train.start, ""
        self._global_step, self._steps = training.global_step, job.settings.train.steps
        restored: dict[str, Any] = {}
        with training.graph.as_default():
            variables = {variable.op.name: variable for variable in v1.global_variables()}
            if start.checkpoint is not None:
                path, shapes = _open_checkpoint(job.workspace.path(start.checkpoint))
                kept = training.weights if start.take == "weights" else variables
                candidates = {name: one for name, one in variables.items() if name in kept}
                restored = dict(_select(candidates, shapes, start, path))
                if not restored:
                    raise ArtifactError(
                        f"{path} has no variable that fits: it has {listing(sorted(shapes), 12)},"
                        f" and {listing(candidates, 12)} can be restored"
                    )
            width = max(map(len, variables))
            self._origins = "\n".join(
                f"  {name:<{width}}  {path if name in restored else 'initial value'}"
                for name in variables
            )
            rest = [variable for name, variable in variables.items() if name not in restored]
            self._initialize = v1.variables_initializer(rest)
            self._saver = v1.train.Saver(restored) if restored else None
        self._path = path

    def run(self, session: Any) -> int:
        """Set all variables; returns the number of steps done, which a checkpoint may set.

        Raises:
            ArtifactError: the checkpoint's values are damaged.
            ConfigError: the checkpoint is of the last step or a later one.
        """
        session.run(self._initialize)
        if self._saver is None:
            return 0
        try:
            self._saver.restore(session, self._path)
        except (tf.errors.OpError, ValueError, IndexError):
            what = f"train.start.checkpoint: {self._path} is damaged; copy it again"
            raise ArtifactError(what) from None
        _log.info("initial values of variables:\n%s", self._origins)
        step = int(session.run(self._global_step))
        if step >= self._steps:
            raise ConfigError(
                f"train.start.checkpoint is of step {step}, and train.steps={self._steps}; give"
                " more steps, or train.start.take=weights"
            )
        return step


def _open_checkpoint(folder: Path) -> tuple[str, dict[str, list[int]]]:
    try:
        path = checkpoints.find_latest(folder)
        if path is None:
            raise ArtifactError(f"{folder} has no checkpoint; {REMEDY}")
        return path, tf.train.load_checkpoint(path).get_variable_to_shape_map()
    except ArtifactError as error:
        raise ArtifactError(f"train.start.checkpoint: {error}") from None
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        what = f"train.start.checkpoint: {folder} cannot be read: {one_line(error)}; {REMEDY}"
        raise ArtifactError(what) from None


def _select(
    variables: dict[str, Any], shapes: dict[str, list[int]], settings: Start, path: str
) -> Iterator[tuple[str, Any]]:
    """Yield the variables to restore; with `variables: null`, those that fit."""
    scope = f"{SCOPE}/"
    names = [name.removeprefix(scope) for name in variables]
    for prefix in settings.variables or []:
        if not any(name.startswith(prefix) for name in names):
            raise ConfigError(
                f"train.start.variables: no variable begins with {prefix!r}"
                f"{nearest(prefix, names)}; there are {listing(names, 12)}"
            )
    for name, variable in variables.items():
        is_named = name.removeprefix(scope).startswith(tuple(settings.variables or ()))
        if settings.variables is not None and not is_named:
            continue
        if shapes.get(name) == variable.shape.as_list():
            yield name, variable
        elif is_named or settings.take == "everything":
            found = f"has shape {shapes[name]}" if name in shapes else "is missing"
            raise ArtifactError(
                f"{path} does not fit: {name} {found}, {variable.shape.as_list()} is needed;"
                f" it has {listing(sorted(shapes), 12)}; change the model, or name what fits in"
                " train.start.variables"
            )
