"""A loaded model, and what its user chose: the types that the loaders share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from pipeline.errors import ArtifactError, listing
from pipeline.graph.runner import Runner
from pipeline.graphdef.interface import Interface
from pipeline.graphdef.locate import ModelFiles

R = TypeVar("R", bound=Runner)


def file_of(files: ModelFiles) -> Path:
    """Return the file that holds the graph of a model, or raise `ArtifactError`."""
    if files.file is None:
        raise ArtifactError(f"{files.path} has no graph")
    return files.file


@dataclass(frozen=True)
class Choice:
    """What the user says about a model, where it can be read in several ways."""

    inputs: tuple[str, ...] = ()  # names of tensors; empty: they are found
    outputs: tuple[str, ...] = ()
    signature: str | None = None
    tags: tuple[str, ...] | None = None
    rename: tuple[tuple[str, str], ...] = ()  # of values: (old, new), patterns with `*`
    ema: bool = False  # moving averages in place of the raw values
    trust: tuple[str, ...] = ()  # SHA-256 of graph files that may hold any operation


class Reference(Runner):
    """A runner that computes op by op."""

    describe: str  # how it computes; where not op by op, why


@dataclass
class Loaded:
    """A model of any kind; it is closed at the end of its `with` block.

    `graph` is what the outputs need, with its functions; None where the model has no `GraphDef`.
    `values` has variables, by their names without `:0`, and constants by the names of their nodes;
    of a checkpoint without a graph, it has all.
    """

    files: ModelFiles
    interface: Interface
    graph: Any = None
    values: dict[str, np.ndarray] = field(default_factory=dict)
    variables: frozenset[str] = frozenset()  # which of `values` are variables
    missing: tuple[str, ...] = ()  # variables and tables that the outputs need, without a value
    averages: dict[str, np.ndarray] = field(default_factory=dict)  # moving ones, by variable
    open_runner: Callable[[], Runner] | None = None
    open_reference: Callable[[], Reference] | None = None
    _opened: list[Runner] = field(default_factory=list)

    def runner(self) -> Runner:
        """Open the model as it is used: in a session, or in the interpreter of TFLite.

        Raises:
            ArtifactError: it cannot be run, for example because values are missing.
        """
        return self._open(self.open_runner)

    def reference(self) -> Reference:
        """Open the model to compute op by op; `describe` says how it does.

        Raises:
            ArtifactError: as `runner` does.
        """
        return self._open(self.open_reference)

    def _open(self, open_: Callable[[], R] | None) -> R:
        if open_ is None:
            raise ArtifactError(f"{self.files.path} has values and no graph: it cannot be run")
        if self.missing:
            names = listing(self.missing)
            raise ArtifactError(
                f"{self.files.path} cannot be run: it has no value of {names}; for a graph and its"
                " checkpoint, pipeline freeze GRAPH CHECKPOINT -o FOLDER makes one file"
            )
        runner = open_()
        self._opened.append(runner)
        return runner

    def close(self) -> None:
        """Close all runners that were opened."""
        while self._opened:
            self._opened.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
