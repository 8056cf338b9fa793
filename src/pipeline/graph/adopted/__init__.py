"""A graph of other code as a network of this pipeline: `model=graph`.

    .meta ──reading──▶ AdoptedGraph: what output, loss and train op need, with all its variables
      │   network    features ─▶ output, in a graph or op by op: every form comes from here
      └── values     of the checkpoint, which a training starts from

`networks` registers the network, and `own_step` adds the loss and the step around it.
"""

from pipeline.graph.adopted.network import compute_output
from pipeline.graph.adopted.reading import read_inference
from pipeline.graph.adopted.values import read_values

__all__ = ["compute_output", "read_inference", "read_values"]
