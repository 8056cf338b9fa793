"""Graphs: networks, losses, optimizers, devices, and the training loop.

TensorFlow is first imported here, once, without Keras and without its start-up chatter.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# The v1 graph API needs no Keras; without it the import takes half the time.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@contextmanager
def _chatter_kept() -> Iterator[None]:
    """Keep what native code writes to standard error; show it only when an error ends the block."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        terminal = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(terminal, kept.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


with _chatter_kept():
    import tensorflow as tf

    tf.config.list_physical_devices()
    tf.get_logger().setLevel("ERROR")  # the v1 API is used on purpose
