"""The matrix that baselines learn from: encoded numbers, and a column for each code."""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.prepared.dataset import EncodedRows
from pipeline.data.prepared.encoding import Encoding

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Wider matrices are sparse.
MAX_DENSE_COLUMNS = 2000


def design_matrix(rows: EncodedRows, encoding: Encoding) -> "np.ndarray | csr_array":
    """Return `[rows, numbers and codes] float64`, an array or a sparse matrix.

    Code 0, a text that was never seen, is all zeros.
    """
    depths = encoding.depths
    numbers = rows.features.astype(np.float64)
    if not depths:
        return numbers
    first = np.cumsum([0, *depths])
    columns = rows.codes - 1 + first[:-1]
    row, column = np.nonzero(rows.codes)
    if first[-1] <= MAX_DENSE_COLUMNS:
        codes = np.zeros((len(numbers), first[-1]))
        codes[row, columns[row, column]] = 1
        return np.hstack([numbers, codes])
    from scipy import sparse

    ones = np.ones(len(row))
    shape = len(numbers), int(first[-1])
    codes = sparse.csr_array((ones, (row, columns[row, column])), shape)
    return sparse.hstack([sparse.csr_array(numbers), codes], "csr")
