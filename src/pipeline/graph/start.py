"""Where variables begin: at their initial values, or at those of a checkpoint."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from pipeline.errors import ArtifactError, ConfigError, listing, nearest, one_line
from pipeline.graph.variables import SCOPE
from pipeline.settings.train import Start

v1 = tf.compat.v1


@dataclass(frozen=True)
class Plan:
    """Which variables are initialized, and which are taken from a checkpoint.

    Attributes:
        initialize: does the first.
        saver: restores the others from `checkpoint`; None where all are initialized.
        origins: of each variable by name, for people.
    """

    initialize: tf.Operation
    saver: Any
    checkpoint: str
    origins: dict[str, str]

    def run(self, session: Any) -> None:
        """Give all variables their values.

        Raises:
            ArtifactError: the checkpoint's values are damaged.
        """
        session.run(self.initialize)
        if self.saver is not None:
            try:
                self.saver.restore(session, self.checkpoint)
            except (tf.errors.OpError, ValueError, IndexError):
                raise ArtifactError(
                    f"train.start.checkpoint: {self.checkpoint} is damaged; copy it again"
                ) from None

    def __str__(self) -> str:
        width = max(map(len, self.origins))
        return "\n".join(f"  {name:<{width}}  {origin}" for name, origin in self.origins.items())


def plan(graph: tf.Graph, weights: Collection[str], settings: Start) -> Plan:
    """Plan the start of a training graph that is not finalized yet.

    Args:
        weights: names of the network's own variables.

    Raises:
        ArtifactError: the checkpoint cannot be read, or a variable in it has another shape.
        ConfigError: a name in `train.start.variables` fits none.
    """
    with graph.as_default():
        variables = {variable.op.name: variable for variable in v1.global_variables()}
        if settings.checkpoint is None:
            origins = dict.fromkeys(variables, "initial value")
            return Plan(v1.variables_initializer(list(variables.values())), None, "", origins)
        path, have = _opened(Path(settings.checkpoint))
        known = [name for name in variables if settings.take == "everything" or name in weights]
        wanted = {name: variables[name] for name in known}
        taken = dict(_taken(wanted, have, settings, path))
        if not taken:
            raise ArtifactError(
                f"{path} has no variable that fits: it has {listing(sorted(have), 12)}, and"
                f" {listing(wanted, 12)} can be taken"
            )
        rest = [variable for name, variable in variables.items() if name not in taken]
        origins = {name: path if name in taken else "initial value" for name in variables}
        return Plan(v1.variables_initializer(rest), v1.train.Saver(taken), path, origins)


def _opened(folder: Path) -> tuple[str, dict[str, list[int]]]:
    try:
        path = v1.train.latest_checkpoint(str(folder))
        if path is None:
            raise ArtifactError(f"train.start.checkpoint={folder} has no checkpoint")
        return path, tf.train.load_checkpoint(path).get_variable_to_shape_map()
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise ArtifactError(
            f"train.start.checkpoint: {folder} cannot be read: {one_line(error)}"
        ) from None


def _taken(
    variables: dict[str, Any], have: dict[str, list[int]], settings: Start, path: str
) -> Iterator[tuple[str, Any]]:
    """Yield the variables that the checkpoint gives; with `variables: null`, those that fit."""
    scope = f"{SCOPE}/"
    names = [name.removeprefix(scope) for name in variables]
    for prefix in settings.variables or []:
        if not any(name.startswith(prefix) for name in names):
            raise ConfigError(
                f"train.start.variables: no variable begins with {prefix!r}"
                f"{nearest(prefix, names)}; there are {listing(names, 12)}"
            )
    for name, variable in variables.items():
        begins = [p for p in settings.variables or [] if name.removeprefix(scope).startswith(p)]
        if settings.variables is not None and not begins:
            continue
        if have.get(name) == variable.shape.as_list():
            yield name, variable
        elif begins or settings.take == "everything":
            found = f"has shape {have[name]}" if name in have else "is missing"
            raise ArtifactError(
                f"{path} does not fit: {name} {found}, {variable.shape.as_list()} is needed;"
                f" it has {listing(sorted(have), 12)}"
            )
