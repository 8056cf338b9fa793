"""Arrays between NumPy and TensorFlow, of all dtypes."""

from typing import Any

import numpy as np

STRING = "string"


def as_bytes(value: Any, dtype: str) -> np.ndarray:
    """Return a value as an array; strings as objects, as fixed width loses zero bytes at ends."""
    return np.asarray(value, object) if dtype == STRING else np.asarray(value)
