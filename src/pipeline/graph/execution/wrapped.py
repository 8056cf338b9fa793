"""The imported graph as one function: the reference where a graph cannot be executed op by op."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf

from pipeline.graph.execution.program import Program
from pipeline.graph.execution.reference import ProgramReference

v1 = tf.compat.v1


class WrappedRunner(ProgramReference):
    """Runs a program under `wrap_function`, with its variables and tables from outside."""

    def __init__(self, program: Program, why: str) -> None:
        self.describe = f"under wrap_function: {why}"
        super().__init__(program)

    def _prepare(self) -> None:
        def imported() -> None:
            tf.import_graph_def(self._graph, input_map=self._owned(), name="")

        whole = v1.wrap_function(imported, [])
        feeds, fetches = (
            [whole.graph.get_tensor_by_name(spec.tensor) for spec in side]
            for side in (self.interface.inputs, self.interface.outputs)
        )
        self._function = whole.prune(feeds, fetches)

    def _compute(self, inputs: Sequence[tf.Tensor]) -> Sequence[tf.Tensor]:
        with without_grappler():
            return list(self._function(*inputs))

    def _owned(self) -> dict[str, tf.Tensor]:
        """Return handles of resources, and values of variables of the old kind as constants."""
        owned = self._interpreter.owned(self._graph)
        capture = tf.compat.v1.get_default_graph().capture
        return {
            f"{name}:0": capture(value)
            if value.dtype == tf.resource
            else tf.constant(value.numpy(), value.dtype)
            for name, value in owned.items()
        }


@contextmanager
def without_grappler() -> Iterator[None]:
    """Run functions as they are written, as `session.open_session` runs graphs."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        kept = before.get("disable_meta_optimizer", False)
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": kept})
