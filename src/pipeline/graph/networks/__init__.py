"""Networks: each is one function of tensors and variables.

The training graph, the inference graph, eager inference, and so the frozen graph, all come from
the same function. It gets `[rows, …] float32`, scaled, and returns `[rows, outputs]`.
"""

# Importing a module registers its networks.
from pipeline.graph.networks import adopted, convolutional, dense, special, transfer  # noqa: F401
from pipeline.graph.networks.registry import NETWORKS, apply_network, require_fit

__all__ = ["NETWORKS", "apply_network", "require_fit"]
