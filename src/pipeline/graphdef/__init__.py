"""Third-party model files: found, read within limits, and checked, without TensorFlow.

TensorFlow gets a file only after it was examined here: its loaders execute parts of a graph, abort
the process, or take all memory, on some files that are refused here with a message.
"""
