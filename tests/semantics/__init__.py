"""What TensorFlow's graph-and-session model promises, statement by statement, as tests."""

import pipeline.graph  # noqa: F401  (TensorFlow is first imported there, quietly)
