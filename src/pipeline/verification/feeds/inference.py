"""TensorFlow's shape inference as a judge of shapes, before anything runs."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from pipeline.models.metadata.sidecar import Shape, TensorSpec
from pipeline.verification.feeds.flat import FlatGraph

v1 = tf.compat.v1

Shapes = Mapping[str, Shape | None]  # by the names of inputs


class ShapeInference:
    """Asks whether the operations of a graph could take inputs of some shapes."""

    def __init__(self, flat: FlatGraph, inputs: Sequence[TensorSpec]) -> None:
        self._graph, self._inputs = flat.graph, inputs
        self._order = {node.name: place for place, node in enumerate(flat.graph.node)}
        # Where it refuses the graph as it is, it tells nothing about shapes.
        self._is_useful = self._import({spec.name: spec.shape for spec in inputs}) is None

    def refusal(self, shapes: Shapes) -> str | None:
        """Return why an operation refuses the shapes, or None."""
        return self._import(shapes) if self._is_useful else None

    def progress(self, node: str) -> int:
        """Return how many operations come before one; 0 for one that is unknown."""
        return self._order.get(node, 0)

    def _import(self, shapes: Shapes) -> str | None:
        try:
            with tf.Graph().as_default():
                fed = {
                    spec.tensor: v1.placeholder(tf.as_dtype(spec.dtype), shapes[spec.name])
                    for spec in self._inputs
                }
                tf.import_graph_def(self._graph, fed, name=PREFIX)
        except (ValueError, TypeError, tf.errors.OpError) as error:
            return str(error)
        return None


# Of the operations that are imported; messages name them with it.
PREFIX = "model"
