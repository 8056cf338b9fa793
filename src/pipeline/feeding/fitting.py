"""Arrays made to fit an input of a model, without a loss that is not told."""

import numpy as np
import tensorflow as tf

from pipeline.errors import DataError
from pipeline.graphdef.interface import Shape, TensorSpec

_NAMES = {"f": "numbers with a fraction", "O": "text", "c": "complex numbers"}


def fit(array: np.ndarray, spec: TensorSpec, where: object) -> np.ndarray:
    """Return an array with the dtype of an input; its shape fits the input's.

    Raises:
        DataError: the values do not fit the dtype, or the shape does not fit.
    """
    if not shape_fits(array.shape, spec.shape):
        raise DataError(
            f"{where}: input {spec.name} takes the shape {show(spec.shape)}, and is given"
            f" {show(array.shape)}"
        )
    if spec.dtype == "string":
        if array.dtype != object:
            raise DataError(f"{where}: input {spec.name} takes text, and is given {array.dtype}")
        return array
    target = np.dtype(tf.as_dtype(spec.dtype).as_numpy_dtype)
    if array.dtype == target:
        return array
    if array.dtype.kind == "V" and array.dtype.itemsize == target.itemsize:
        return array.view(target)  # NumPy's files do not know bfloat16 and such
    if not _keeps_values(array, target):
        kind = _NAMES.get(array.dtype.kind, str(array.dtype))
        raise DataError(f"{where}: input {spec.name} takes {spec.dtype}, and is given {kind}")
    return array.astype(target)


def shape_fits(shape: tuple[int, ...], wanted: Shape | None) -> bool:
    """Tell whether an array of a shape can be fed where `None` is an open dimension or rank."""
    if wanted is None:
        return True
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(new in (None, old) for old, new in pairs)


def show(shape: Shape | None) -> str:
    """Return a shape for people, such as `[?, 28]`."""
    if shape is None:
        return "of any rank"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _keeps_values(array: np.ndarray, target: np.dtype) -> bool:
    """Tell whether a cast keeps whole numbers; fractions may be rounded to shorter floats."""
    kind = array.dtype.kind
    if kind not in "biufc" or (kind == "c" and target.kind != "c"):
        return False
    if target.kind == "b":
        return bool(np.isin(array, (0, 1)).all())
    if target.kind in "iu":
        limits = np.iinfo(target)
        whole = kind in "biu" or bool((array == np.rint(array)).all())
        return whole and (
            not array.size or bool(limits.min <= array.min() and array.max() <= limits.max)
        )
    return True
