"""What baselines learn from and predict: the numbers that a network gets, and a column a code.

Whatever a baseline knows of the features goes through this module, so that it gets the same as the
model.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.prepared.dataset import Dataset, EncodedRows, Split
from pipeline.data.prepared.encoding import decode_label, one_hot

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Wider matrices are sparse.
MAX_DENSE_COLUMNS = 2000


@dataclass(frozen=True)
class Design:
    """Training rows of a baseline.

    Attributes:
        features: `[rows, numbers and codes] float64`, an array or a sparse matrix.
        label: `[rows, targets] float64`, in the target's unit.
        weight: `[rows] float64`, as in training, or None.
    """

    features: "np.ndarray | csr_array"
    label: np.ndarray
    weight: np.ndarray | None


def training_rows(dataset: Dataset, train: EncodedRows, most: int) -> Design:
    """Return training rows, evenly spaced where there are more than `most`."""
    rows = train.select(slice(None, None, max(1, -(-len(train.label) // most))))
    weight = None if rows.weight is None else rows.weight[:, 0].astype(np.float64)
    return Design(_matrix(dataset, rows), decode_label(rows.label, dataset.encoding), weight)


def features_of(dataset: Dataset, split: Split) -> "np.ndarray | csr_array":
    """Return the features of raw rows, as `Design` has them."""
    return _matrix(dataset, split.encode(dataset.encoding))


def _matrix(dataset: Dataset, rows: EncodedRows) -> "np.ndarray | csr_array":
    """Return numbers and one-hot codes; code 0, which was never seen, is all zeros."""
    depths, numbers = dataset.encoding.depths, rows.features.astype(np.float64)
    if not depths:
        return numbers
    codes = one_hot(rows.codes, depths)
    if codes.shape[1] <= MAX_DENSE_COLUMNS:
        return np.hstack([numbers, codes.toarray()])
    from scipy import sparse

    return sparse.hstack([sparse.csr_array(numbers), codes], "csr")
