"""What a trained model is kept as: checkpoint, frozen graph, SavedModel, and their signature."""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
