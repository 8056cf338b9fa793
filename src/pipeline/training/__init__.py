"""Training: the graph, the loop, checkpoints, and what watches them."""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
