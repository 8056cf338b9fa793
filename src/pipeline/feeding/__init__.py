"""What models are fed, from the user's files: arrays and columns that fit an interface."""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
