"""The first values of variables: their initial values, or those of a checkpoint."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.errors import ArtifactError, ConfigError, listing, nearest, one_line
from pipeline.graph.adopted import read_values
from pipeline.graph.variables import SCOPE
from pipeline.graphdef.reading import checkpoints
from pipeline.schema.training.model import Graph
from pipeline.schema.training.train import Start
from pipeline.training.graph import TrainedGraph
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

    def __init__(self, job: TrainingJob, training: TrainedGraph) -> None:
        start, model = job.settings.train.start, job.settings.model
        self._global_step, self._steps = training.global_step, job.settings.train.steps
        self._path, restored = "", dict[str, Any]()
        values = read_values(model, job.workspace) if isinstance(model, Graph) else {}
        with training.graph.as_default():
            variables = {variable.op.name: variable for variable in v1.global_variables()}
            if start.checkpoint is not None:
                self._path, shapes = _open_checkpoint(job.workspace.path(start.checkpoint))
                kept = training.weights if start.take == "weights" else variables
                candidates = {name: one for name, one in variables.items() if name in kept}
                restored = dict(_select(candidates, shapes, start, self._path))
                if not restored:
                    raise ArtifactError(
                        f"{self._path} has no variable that fits: it has"
                        f" {listing(sorted(shapes), 12)}, and {listing(candidates, 12)} can be"
                        " restored"
                    )
            origins = {one.op.name: self._path for one in restored.values()}
            self._given = [
                (variable, values[name])
                for name, variable in variables.items()
                if name in values and name not in origins
            ]
            origins |= {one.op.name: "model.graph" for one, _ in self._given}
            width = max(map(len, variables))
            self._origins = "\n".join(
                f"  {name:<{width}}  {origins.get(name, 'initial value')}" for name in variables
            )
            rest = [variable for name, variable in variables.items() if name not in origins]
            self._initialize = v1.variables_initializer(rest)
            self._saver = v1.train.Saver(restored) if restored else None

    def run(self, session: Any) -> int:
        """Set all variables; returns the number of steps done, which a checkpoint may set.

        Raises:
            ArtifactError: the checkpoint's values are damaged.
            ConfigError: the checkpoint is of the last step or a later one.
        """
        session.run(self._initialize)
        for variable, value in self._given:
            # The initializer assigns its second input: feeding it adds nothing to the graph.
            session.run(variable.initializer, {variable.initializer.inputs[1]: value})
        if self._saver is None:
            return 0
        try:
            self._saver.restore(session, self._path)
        except (tf.errors.OpError, ValueError, IndexError):
            what = f"train.start.checkpoint: {self._path} is damaged; copy it again"
            raise ArtifactError(what) from None
        _log.info("initial values of variables:\n%s", self._origins)
        step = int(session.run(self._global_step))
        if step and step >= self._steps:
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
    """Yield the variables to restore by their names in the checkpoint.

    With `variables: null`, those that fit.
    """
    chosen = settings.variables
    prefixes = [] if chosen is None or isinstance(chosen, dict) else chosen
    sources = dict[str, str]()
    if isinstance(chosen, dict):
        sources = {f"{SCOPE}/{new}": old for old, new in chosen.items()}
    _require_known([*prefixes, *(new.removeprefix(f"{SCOPE}/") for new in sources)], variables)
    for name, variable in variables.items():
        own = name.removeprefix(f"{SCOPE}/")
        is_named = name in sources or own.startswith(tuple(prefixes))
        if chosen is not None and not is_named:
            continue
        source, shape = sources.get(name, name), variable.shape.as_list()
        if shapes.get(source) == shape:
            yield source, variable
        elif is_named or settings.take == "everything":
            found = f"has shape {shapes[source]}" if source in shapes else "is missing"
            raise ArtifactError(
                f"{path} does not fit: {source} {found}, {shape} is needed"
                f"{'' if source in shapes else nearest(source, shapes)};"
                f" it has {listing(sorted(shapes), 12)}; change the model, or name what fits in"
                " train.start.variables"
            )


def _require_known(wanted: Sequence[str], variables: Iterable[str]) -> None:
    names = [name.removeprefix(f"{SCOPE}/") for name in variables]
    for prefix in wanted:
        if not any(name.startswith(prefix) for name in names):
            raise ConfigError(
                f"train.start.variables: no variable begins with {prefix!r}"
                f"{nearest(prefix, names)}; there are {listing(names, 12)}"
            )
