"""TensorFlow's shape inference as a judge of shapes, before anything runs."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from pipeline.graphdef.interface import Shape, TensorSpec
from pipeline.verification.feeds.flat import FlatGraph
from pipeline.verification.feeds.refusals import Refusal, read_refusal

v1 = tf.compat.v1

# Of the operations that are imported; messages name them with it.
_PREFIX = "model"

Shapes = Mapping[str, Shape | None]  # by the names of inputs


class ShapeInference:
    """Asks whether the operations of a graph could take inputs of some shapes."""

    def __init__(self, flat: FlatGraph, inputs: Sequence[TensorSpec]) -> None:
        self._graph, self._inputs = flat.graph, inputs
        self._order = {node.name: place for place, node in enumerate(flat.graph.node)}
        # Where it refuses the graph as it is, it tells nothing about shapes.
        self._is_useful = self._import({spec.name: spec.shape for spec in inputs}) is None

    def refusal(self, shapes: Shapes) -> Refusal | None:
        """Return why an operation refuses the shapes, or None."""
        message = self._import(shapes) if self._is_useful else None
        return None if message is None else read_refusal(message, self._place)

    def refusal_of_run(self, message: str) -> Refusal:
        """Return why an operation refused to run, though shape inference had found nothing."""
        return read_refusal(message, lambda node: len(self._order) + self._place(node))

    def _place(self, node: str) -> int:
        return self._order.get(node.removeprefix(f"{_PREFIX}/"), 0)

    def _import(self, shapes: Shapes) -> str | None:
        try:
            with tf.Graph().as_default():
                fed = {
                    spec.tensor: v1.placeholder(tf.as_dtype(spec.dtype), shapes[spec.name])
                    for spec in self._inputs
                }
                tf.import_graph_def(self._graph, fed, name=_PREFIX)
        except (ValueError, TypeError, tf.errors.OpError) as error:
            return str(error)
        return None
