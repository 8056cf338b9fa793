"""Ways to run a model, all behind one protocol. Eager execution is the reference.

Each opens one form of the model, restored in its own way, and predicts from raw feature values.
"""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
