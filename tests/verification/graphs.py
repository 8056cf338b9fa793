"""Small graphs written with `tf.compat.v1`, and what a loaded model tells of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.graphdef.interface import Interface, TensorSpec

v1 = tf.compat.v1


@dataclass(frozen=True)
class Model:
    """What feeds are made from, and a session that runs it."""

    interface: Interface
    graph: Any

    def run(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the graph; what it refuses is an `ArtifactError`, as a runner raises it."""
        with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
            tf.import_graph_def(self.graph, name="")
            session.run(v1.tables_initializer())
            feeds = {spec.tensor: arrays[spec.name] for spec in self.interface.inputs}
            fetches = {spec.name: spec.tensor for spec in self.interface.outputs}
            try:
                return dict(session.run(fetches, feeds))
            except (tf.errors.OpError, ValueError) as error:
                raise ArtifactError(str(error)) from None


def build(network: Callable[..., Any], **inputs: tuple[Any, Any]) -> Model:
    """Write the graph of a function of placeholders; each input is a dtype and a shape."""
    with tf.Graph().as_default() as graph:
        fed = {name: v1.placeholder(dtype, shape, name) for name, (dtype, shape) in inputs.items()}
        outputs = tf.nest.flatten(network(**fed))
    interface = interface_of(fed, {tensor.name: tensor for tensor in outputs})
    return Model(interface, graph.as_graph_def())


def interface_of(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Interface:
    """Return an interface of tensors by name."""
    return Interface(*(tuple(map(_spec, side, side.values())) for side in (inputs, outputs)))


def _spec(name: str, tensor: Any) -> TensorSpec:
    shape = None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
    return TensorSpec(name, tensor.dtype.base_dtype.name, shape, tensor.name)
