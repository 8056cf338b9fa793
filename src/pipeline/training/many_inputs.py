"""The preconditioner of a linear network with many inputs, as thousands of columns or levels.

The matrix of the bound would be too large. Divided by its diagonal, it is well described by a few
leading directions and one number, the largest eigenvalue of what they leave: levels of a text do
not overlap, so that only columns of numbers and their common causes have large ones. The directions
are found in a sample of the rows by a randomized SVD (Halko, Martinsson and Tropp, 2011).
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.prepared.dataset import blocks
from pipeline.graph.optimizers import Preconditioner
from pipeline.training.inputs import count_inputs, inputs_of
from pipeline.training.job import TrainingJob

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DIRECTIONS = 64
# The most numbers in the sample.
SAMPLE_CELLS = 2**25
# The smallest eigenvalue, as a share of the largest: float32 loses what is subtracted below it.
FLOOR = 1e-5


def precondition_many(
    job: TrainingJob, curvature: float, batch: int | None
) -> Preconditioner | None:
    """Return the preconditioner D - F Fᵀ, with `DIRECTIONS` columns in F.

    None where inputs are too large for float64, as the loss is then.

    Args:
        curvature: largest second derivative of the loss by the output.
        batch: number of rows in a step; None: all.
    """
    from sklearn.utils.extmath import randomized_svd

    diagonal = _compute_diagonal(job, curvature, batch)
    if not np.isfinite(diagonal).all():
        return None
    # What no row has gets no step.
    inverse = np.divide(1, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
    width = _count_cells(job)
    step = max(1, math.ceil(len(job.split.label) * width / SAMPLE_CELLS))
    sample = inputs_of(job, job.split.select(slice(None, None, step)))
    sample = sample * math.sqrt(curvature)
    count = min(DIRECTIONS, *sample.shape)
    scaled = _scale_columns(sample, np.sqrt(inverse / sample.shape[0]))
    _, roots, directions = randomized_svd(scaled, count, random_state=0)
    l2 = job.settings.train.regularization.l2_factor
    values = np.maximum(roots**2, FLOOR * roots[0] ** 2) + l2 * inverse.max()
    inverse /= values[-1]
    factor = directions.T * np.sqrt(inverse[:, None] * (1 - values[-1] / values))
    if batch is not None:
        distances = _squares(sample) @ inverse - np.square(sample @ factor).sum(1)
        most = max(1, 2 * distances.mean() / batch, distances.max() / batch)
        inverse, factor = inverse / most, factor / math.sqrt(most)
    return Preconditioner(factor.astype(np.float32), inverse[:, None].astype(np.float32))


def _compute_diagonal(job: TrainingJob, curvature: float, batch: int | None) -> np.ndarray:
    """Return the diagonal of the bound, `[inputs + 1]`, or of a batch where that may be larger."""
    total = np.zeros(count_inputs(job) + 1)
    most, rows = total.copy(), len(job.split.label)
    for block in blocks(rows, _count_cells(job)):
        squares = _squares(inputs_of(job, job.split.select(block)))
        total += squares.sum(0)
        largest = squares.max(0)
        most = np.maximum(most, largest if isinstance(largest, np.ndarray) else largest.toarray())
    mean = total / rows
    mean[:-1] += job.settings.train.regularization.l2_factor / curvature  # without the bias
    return curvature * (mean if batch is None else np.maximum(mean, most / batch))


def _count_cells(job: TrainingJob) -> int:
    """Return the most numbers that a row of inputs has, zeros of codes not counted."""
    depths = job.model.encoding.depths
    return count_inputs(job) - sum(depths) + len(depths) + 1


def _scale_columns(inputs: "np.ndarray | csr_array", by: np.ndarray) -> "np.ndarray | csr_array":
    if isinstance(inputs, np.ndarray):
        return inputs * by
    from scipy import sparse

    return inputs @ sparse.diags_array(by)


def _squares(inputs: "np.ndarray | csr_array") -> "np.ndarray | csr_array":
    return inputs * inputs
