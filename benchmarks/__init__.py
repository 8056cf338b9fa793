"""What `make bench` runs: contenders side by side, in turns, medians and ratios."""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
