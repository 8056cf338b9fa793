"""Graphs that are executed operation by operation, or imported: of any origin."""
