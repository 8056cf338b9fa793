"""Feeds: arrays for all inputs of a third-party model, from files or made from a seed.

`dims` and `shapes` find what shapes the model takes, `inference` judges them without a run; `flat`,
`bounds`, `strings` and `records` look at what consumes an input; `values` makes numbers.
"""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
from pipeline.verification.feeds.making import Feed, FeedOptions, find_feeds, make_feeds

__all__ = ["Feed", "FeedOptions", "find_feeds", "make_feeds"]
