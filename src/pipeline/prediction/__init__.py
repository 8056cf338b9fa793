"""`pipeline predict`: predictions for the rows of a table, or for arrays, by any model.

The graph of a model is examined before TensorFlow is imported, so modules here that need
TensorFlow are imported after that.
"""

from pipeline.prediction.options import Options
from pipeline.prediction.predicting import predict

__all__ = ["Options", "predict"]
