"""A graph of other code, as it is: `model=graph`."""

import tensorflow as tf

from pipeline.graph.adopted import compute_output
from pipeline.graph.layers import Training
from pipeline.graph.networks.registry import network
from pipeline.graph.variables import Variables
from pipeline.schema.training.model import Graph


@network("graph")
def graph(
    settings: Graph, features: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    """The output of the graph that the settings name; nothing in it is random."""
    return compute_output(settings, features, outputs, variables, training)
