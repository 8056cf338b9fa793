"""The inputs of a network that is linear in its variables: inputs · weights + bias."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from pipeline.data.prepared.dataset import EncodedRows, blocks
from pipeline.data.prepared.encoding import one_hot
from pipeline.schema.training.model import Polynomial
from pipeline.training.job import TrainingJob

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def count_inputs(job: TrainingJob) -> int:
    """Return the number of inputs, without the 1 of the bias."""
    numbers: int = job.split.features.shape[1]
    return numbers * _degree(job) + sum(job.model.encoding.depths)


def read_inputs(job: TrainingJob) -> Iterator[np.ndarray]:
    """Yield the inputs of all training rows, block by block, as an array."""
    for block in blocks(len(job.split.label), count_inputs(job) + 1):
        inputs = inputs_of(job, job.split.select(block))
        yield inputs if isinstance(inputs, np.ndarray) else inputs.toarray()


def inputs_of(job: TrainingJob, rows: EncodedRows) -> "np.ndarray | csr_array":
    """Return the inputs of rows and 1, `[rows, inputs + 1] float64`; sparse where there are codes.

    They are times the root of the weight of their row, so that squares are weighted.
    """
    numbers = np.asarray(rows.features, np.float64)
    weight = np.ones((len(numbers), 1)) if rows.weight is None else rows.weight
    root = np.sqrt(np.asarray(weight, np.float64))
    powers = [numbers**power * root for power in range(1, _degree(job) + 1)]
    if not rows.codes.shape[1]:
        return np.hstack([*powers, root])
    from scipy import sparse

    codes = sparse.diags_array(root[:, 0]) @ one_hot(rows.codes, job.model.encoding.depths)
    parts = [*map(sparse.csr_array, powers), codes, sparse.csr_array(root)]
    return sparse.hstack(parts, "csr")


def _degree(job: TrainingJob) -> int:
    return job.settings.model.degree if isinstance(job.settings.model, Polynomial) else 1
