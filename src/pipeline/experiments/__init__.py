"""Sweeps over parameters, and the comparison of repeated runs."""
