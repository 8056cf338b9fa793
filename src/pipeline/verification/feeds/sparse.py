"""Inputs that are parts of a sparse tensor: indices, values and the shape of the whole.

Their names end like those of a signature and of `sparse_placeholder`.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.graphdef.interface import TensorSpec
from pipeline.verification.feeds.flat import FlatGraph
from pipeline.verification.feeds.shapes import ROWS

WIDTHS = (8, 1)  # to try for each dimension but the first, where no operation says
IN_A_ROW = 2  # values in each row

_INDICES, _VALUES, _SHAPES = "indices", "values", ("dense_shape", "shape")


def find_sparse(
    inputs: Sequence[TensorSpec], flat: FlatGraph | None, width: int
) -> dict[str, np.ndarray]:
    """Return the indices and shapes of sparse inputs, and an array in place of their values.

    That array says by its shape how many values there are.
    """
    by_name = {spec.name: spec for spec in inputs}
    arrays: dict[str, np.ndarray] = {}
    for name, spec in by_name.items():
        base, slash, part = name.rpartition("/")
        shape = next((f"{base}/{end}" for end in _SHAPES if f"{base}/{end}" in by_name), None)
        values = f"{base}/{_VALUES}"
        if slash and part == _INDICES and shape and values in by_name:
            indices, sizes = _make(_rank(spec, by_name[shape]), _width(flat, spec.tensor) or width)
            arrays |= {name: indices, shape: sizes, values: np.empty(len(indices), bool)}
    return arrays


def is_values(name: str) -> bool:
    """Tell whether an input has the values of a sparse tensor."""
    return name.endswith(f"/{_VALUES}")


def _rank(indices: TensorSpec, shape: TensorSpec) -> int:
    of_indices = indices.shape[1] if indices.shape and len(indices.shape) == 2 else None
    return of_indices or (shape.shape[0] if shape.shape else None) or 2


def _width(flat: FlatGraph | None, indices: str) -> int | None:
    """Return the width that a multiplication of the tensor asks for, if there is one."""
    for use in flat.uses(indices) if flat else ():
        if use.node.op == "SparseTensorDenseMatMul" and flat:
            other = flat.shape(flat.operand(use, 3))
            if other and other[0]:
                return other[0]
    return None


def _make(rank: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return indices in order, `[values, rank]`, and the shape, `[rank]`."""
    sizes = np.array([ROWS, *[width] * (rank - 1)][:rank], np.int64)
    each = min(IN_A_ROW, width) if rank > 1 else 1
    places = [(row, *[(row + n) % width] * (rank - 1)) for row in range(ROWS) for n in range(each)]
    return np.array(sorted(set(places)), np.int64).reshape(-1, max(rank, 1)), sizes
