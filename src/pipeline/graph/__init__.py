"""Graphs: networks, loss functions, optimizers, one training step, and devices.

TensorFlow is first imported here, once, without Keras and without its start-up chatter.
"""

import os
import sys
import tempfile

# What native code writes to standard error is shown only when the import fails.
sys.stderr.flush()
with tempfile.TemporaryFile() as _chatter:
    _terminal = os.dup(2)
    os.dup2(_chatter.fileno(), 2)
    try:
        import tensorflow as tf

        tf.config.list_physical_devices()
        tf.get_logger().setLevel("ERROR")  # the v1 API is used on purpose
    except BaseException:
        _chatter.seek(0)
        os.write(_terminal, _chatter.read())
        raise
    finally:
        os.dup2(_terminal, 2)
        os.close(_terminal)
