"""The runner of a restored model, of any form and origin."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

import numpy as np

from pipeline.errors import ArtifactError
from pipeline.graphdef.interface import Interface

Arrays = Mapping[str, np.ndarray]


class Runner(ABC):
    """A restored model; it is closed at the end of its `with` block."""

    interface: Interface

    @abstractmethod
    def run(self, feeds: Arrays) -> dict[str, np.ndarray]:
        """Compute all outputs from all inputs, both by the names of the interface.

        An output may be the model's own memory, so copy what is kept.

        Raises:
            ArtifactError: the feeds do not fit the interface, or the model cannot be run.
        """

    @abstractmethod
    def close(self) -> None:
        """Free the model's memory."""

    def require_inputs(self, feeds: Arrays) -> None:
        """Raise `ArtifactError` for feeds that lack an input or name another."""
        names = [spec.name for spec in self.interface.inputs]
        if feeds.keys() != set(names):
            given = ", ".join(feeds) or "nothing"
            raise ArtifactError(f"the model takes {', '.join(names)}, and is given {given}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
