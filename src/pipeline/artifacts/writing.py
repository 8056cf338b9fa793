"""What TensorFlow writes, and the system may refuse."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from pipeline import files

_REFUSALS = r"; (No space left|File too large|Disk quota|Read-only|Permission denied)[^\n]*"


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Say what could not be written, and how much room there is, when the system refuses.

    Raises:
        PipelineError: it does.
    """
    with files.writing(target):
        try:
            yield
        except tf.errors.OpError as error:
            refused = re.search(_REFUSALS, error.message)
            if refused is None:
                raise
            raise files.unwritable(target, refused[0].removeprefix("; ")) from None
