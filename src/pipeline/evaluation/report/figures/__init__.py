"""Figures: PNG files whose bytes depend on the values alone."""
