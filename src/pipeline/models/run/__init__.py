"""Runners: a restored model computes named outputs from named inputs; a file for each form."""

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
