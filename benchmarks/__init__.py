"""Benchmarks that `make bench` runs: contenders take turns in fresh processes.

Nothing is imported here, so that the process of a contender loads its own library alone.
"""
