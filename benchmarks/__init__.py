"""What `make bench` runs: contenders side by side, in fresh processes and in turns.

Nothing is imported here: a contender's process loads its own library alone.
"""
