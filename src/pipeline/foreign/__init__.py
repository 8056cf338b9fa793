"""Models that other code made: any of them is loaded, and runs in a session and op by op."""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
