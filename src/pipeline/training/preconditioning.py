"""The preconditioner of a network that is linear in its variables: inputs · weights + bias.

The second derivative of its loss is at most that of the loss function times the mean of `x xᵀ`,
where x is a row's inputs and 1. The gradient times the inverse of this bound is a Newton step with
a fixed matrix: correlated columns neither let it diverge nor make it slow. See
docs/decisions/009-preconditioned-gradient.md.
"""

import numpy as np

from pipeline.errors import ConfigError
from pipeline.graph.losses import choose_loss
from pipeline.graph.optimizers import Preconditioner
from pipeline.schema.training.optimizer import Preconditioned
from pipeline.training.batches import choose_batch_size
from pipeline.training.inputs import count_inputs, read_inputs
from pipeline.training.job import AFFINE, OWN_TABLES, TrainingJob
from pipeline.training.many_inputs import precondition_many
from pipeline.workspace import files

# The most inputs of a full matrix: the work grows with their square, and their cube.
MAX_INPUTS = 4096

# The share of the largest eigenvalue that is added to all: float32 cannot tell smaller ones from 0.
RIDGE = 1e-10
# A direction with a smaller share is one that the rows do not determine, as that of all levels of a
# text and the bias: no step goes there, where the rounding of gradients would add up.
UNKNOWN = 1e-12

# Beside the checkpoints: sums depend on the number of threads, which may be another when an
# interrupted training goes on.
FILE = "preconditioner.npz"


def compute_preconditioner(job: TrainingJob) -> Preconditioner | None:
    """Return the preconditioner; None where the optimizer gets the plain gradient.

    Raises:
        ConfigError: `optimizer.precondition=true` of a network or a loss that has none.
    """
    optimizer = job.settings.optimizer
    if not isinstance(optimizer, Preconditioned) or optimizer.precondition is False:
        return None
    problem = _find_problem(job)
    if optimizer.precondition is True and problem:
        raise ConfigError(f"optimizer.precondition=true: {problem}; set it to auto or false")
    if problem or (optimizer.precondition == "auto" and job.dataset.source not in OWN_TABLES):
        return None
    file = job.folder / FILE
    if file.exists():
        with np.load(file) as arrays:
            return Preconditioner(**arrays)
    found = _compute(job)
    if found is not None:
        with files.replacing(file) as partial, partial.open("wb") as opened:
            np.savez(opened, **{k: v for k, v in found._asdict().items() if v is not None})
    return found


def _find_problem(job: TrainingJob) -> str:
    """Return why there is no preconditioner; the text is empty where there is one."""
    model, train = job.settings.model, job.settings.train
    if not isinstance(model, AFFINE):
        return f"model={model.name} is not linear in its variables"
    if not choose_loss(train, job.dataset.task).curvature:
        return f"the second derivative of train.loss={train.loss} is 0"
    if train.regularization.l1:
        return "the second derivative of train.regularization.l1 is 0"
    return ""


def _compute(job: TrainingJob) -> Preconditioner | None:
    train, rows = job.settings.train, len(job.split.label)
    curvature = choose_loss(train, job.dataset.task).curvature
    batch = choose_batch_size(train, rows)
    if count_inputs(job) >= MAX_INPUTS:
        return precondition_many(job, curvature, batch)
    bound = sum(block.T @ block for block in read_inputs(job)) * (curvature / rows)
    if not np.isfinite(bound).all():
        return None  # neither will the loss be finite
    weights = np.arange(len(bound) - 1)  # without the bias
    bound[weights, weights] += train.regularization.l2_factor
    if batch is not None:
        bound = _widen(bound, job, batch, curvature)
    return Preconditioner(_invert(bound).astype(np.float32))


def _widen(bound: np.ndarray, job: TrainingJob, size: int, curvature: float) -> np.ndarray:
    """Return a bound for batches of `size` rows, whose second derivative varies around the mean.

    A row that is far from the others, such as one of a rare class, counts as it does in a batch of
    its own: otherwise it would take its prediction far beyond its label.
    """
    bound = bound * max(1, 2 * len(bound) / size)
    factor, added = _invert(bound), np.zeros_like(bound)
    for block in read_inputs(job):
        distance = curvature * np.square(block @ factor).sum(1)
        far = block[distance > size]
        added += far.T @ far
    return bound + added * (curvature / size)


def _invert(bound: np.ndarray) -> np.ndarray:
    """Return F, where F Fᵀ is the inverse."""
    values, vectors = np.linalg.eigh(bound)
    known = values > UNKNOWN * values[-1]
    inverse = np.where(known, 1 / np.sqrt(np.abs(values) + RIDGE * values[-1]), 0)
    factor: np.ndarray = vectors * inverse
    return factor
