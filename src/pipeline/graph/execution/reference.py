"""What both references share: variables and tables of their own, arrays in and out, messages."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.execution.arrays import as_bytes
from pipeline.graph.execution.interpreter import Interpreter
from pipeline.graph.execution.loaded import Reference
from pipeline.graph.execution.program import Program
from pipeline.graph.execution.references import without_references
from pipeline.graph.runner import Arrays
from pipeline.graph.tensors import UNREADABLE

CPU = "/device:CPU:0"


class ProgramReference(Reference):
    """A program whose variables and tables live in eager execution."""

    def __init__(self, program: Program) -> None:
        self.interface = program.interface
        self._source = program.source
        self._graph = without_references(program.definition)
        with self._on_cpu():
            self._interpreter = Interpreter(self._graph, program.values)
            self._interpreter.initialize(self._graph, program)
            self._prepare()

    def run(self, feeds: Arrays) -> dict[str, np.ndarray]:
        """Compute all outputs from all inputs, as `Runner.run` says."""
        self.require_inputs(feeds)
        with self._on_cpu():
            found = self._compute(
                [tf.constant(feeds[spec.name], spec.dtype) for spec in self.interface.inputs]
            )
            pairs = zip(self.interface.outputs, found, strict=True)
            return {spec.name: as_bytes(value.numpy(), spec.dtype) for spec, value in pairs}

    @abstractmethod
    def _prepare(self) -> None:
        """Make ready to compute."""

    @abstractmethod
    def _compute(self, inputs: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        """Compute the outputs of the interface from its inputs."""

    def close(self) -> None:
        """Free the variables and tables."""
        del self._interpreter

    @contextmanager
    def _on_cpu(self) -> Iterator[None]:
        try:
            with tf.device(CPU):
                yield
        except UNREADABLE as error:
            raise ArtifactError(f"{self._source} cannot be run: {one_line(error)}") from None
