"""Freezing a third-party model for `pipeline freeze`: written, proven, and only then published."""
