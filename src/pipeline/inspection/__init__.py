"""Look at a model without executing it: its protobufs are parsed, its graph is never loaded."""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
from pipeline.inspection.model import ModelSummary, inspect

__all__ = ["ModelSummary", "inspect"]
