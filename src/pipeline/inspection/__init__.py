"""Look at a model without executing it, in a process of its own.

Files are read before TensorFlow starts; damaged ones are refused then.
"""
