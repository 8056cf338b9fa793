"""Freezing somebody's model for `pipeline freeze`: written, proven, and only then published."""
