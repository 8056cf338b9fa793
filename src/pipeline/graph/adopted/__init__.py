"""A graph of other code as a network of this pipeline: `model=graph`.

    .meta ──reading──▶ AdoptedGraph: what output, loss and train op need, with all its variables
      │   network    features ─▶ output, in a graph or op by op: every form comes from here
      │   step       features, label ─▶ loss, and a step: what a training feeds
      └── values     of the checkpoint, which a training starts from

Importing the package registers the network.
"""

from pipeline.graph.adopted import network, values  # noqa: F401
