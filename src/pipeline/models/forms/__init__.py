"""The forms of a model on disk: checkpoint, frozen graph, SavedModel."""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
