"""The preconditioner of linear networks with thousands of inputs."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.linalg import lsqr
from sklearn.linear_model import LinearRegression

from pipeline.data.examples import TextCells
from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.training import many_inputs
from pipeline.training.inputs import count_inputs, inputs_of, read_inputs
from pipeline.training.many_inputs import DIRECTIONS
from pipeline.training.preconditioning import FILE, MAX_INPUTS, compute_preconditioner

from ..small import job_of, prepare

pytestmark = pytest.mark.slow

DEFAULT = ("device=cpu", "model=linear")
BATCHES = ("train=minibatch", "train.batch_size=64")
LEVELS = MAX_INPUTS + 4


def with_causes(rows: int = 150) -> tuple[Dataset, Split]:
    """Return more columns than rows, all of five causes, and a target of the first."""
    generator = np.random.default_rng(5)
    cause = generator.normal(size=(rows, 5))
    columns = cause @ generator.normal(size=(5, MAX_INPUTS))
    columns += generator.normal(size=columns.shape)
    return prepare(columns, 3 * cause[:, :1] + generator.normal(size=(rows, 1)))


def with_levels(rows: int = 3 * LEVELS, weighted: bool = False) -> tuple[Dataset, Split]:
    """Return columns with one cause beside a text of many levels; both matter."""
    generator = np.random.default_rng(6)
    columns = generator.normal(size=(rows, 1)) + 0.3 * generator.normal(size=(rows, 12))
    code = generator.permutation(rows) % LEVELS + 1
    names = np.array(["", *(f"level {number}" for number in range(LEVELS))], object)
    text = TextCells(("text",), code[:, None].astype(np.int32), (names,))
    effect = generator.normal(size=LEVELS)[code - 1]
    label = columns.sum(1) + effect + generator.normal(size=rows)
    dataset, split = prepare(columns, label[:, None], text=text)
    weight = generator.uniform(0.1, 2, (rows, 1)) if weighted else None
    return dataset, dataclasses.replace(split, weight=weight)


def costs(job, variables: dict[str, np.ndarray]) -> tuple[float, float]:
    """Return the (weighted) mean squared error of a training, and that of the closed form."""
    inputs = inputs_of(job, job.split)
    label = job.split.label[:, 0] * inputs[:, -1].toarray()  # the root of the weight
    names = ("weights", "code_weights", "bias")
    trained = np.concatenate([variables[f"network/{name}"].ravel() for name in names])
    closed = lsqr(inputs, label, atol=1e-9, btol=1e-9)[0]
    return tuple(float(np.mean((inputs @ each - label) ** 2)) for each in (trained, closed))


@pytest.mark.parametrize("chosen", [(), ("optimizer=momentum",), BATCHES], ids=str)
def test_more_columns_than_rows_get_the_smallest_weights_that_fit(
    settings, train, tmp_path, chosen
):
    given = with_causes()
    _, variables = train(settings(*DEFAULT, *chosen), given=given)
    (inputs,) = read_inputs(job_of(settings(*DEFAULT), tmp_path, given))
    expected = LinearRegression().fit(inputs[:, :-1], given[1].encode(given[0].encoding).label)
    found = variables["network/weights"][:, 0]
    assert np.abs(found - expected.coef_).max() < 0.01 * np.abs(expected.coef_).max()


@pytest.mark.parametrize("weighted", [False, True])
def test_levels_and_correlated_columns_reach_the_closed_form(
    settings, train, tmp_path: Path, weighted: bool
):
    given = with_levels(weighted=weighted)
    _, variables = train(settings(*DEFAULT), given=given)
    trained, closed = costs(job_of(settings(*DEFAULT), tmp_path, given), variables)
    assert trained < 1.01 * closed


def test_a_sample_of_the_rows_is_enough(settings, train, tmp_path: Path, monkeypatch):
    given = with_levels()
    monkeypatch.setattr(many_inputs, "SAMPLE_CELLS", len(given[1].label) * 14 // 20)
    _, variables = train(settings(*DEFAULT), given=given)
    trained, closed = costs(job_of(settings(*DEFAULT), tmp_path, given), variables)
    assert trained < 1.05 * closed


def test_batches_of_rare_levels_learn(settings, train, tmp_path: Path):
    given = with_levels()
    _, variables = train(settings(*DEFAULT, *BATCHES), given=given)
    trained, closed = costs(job_of(settings(*DEFAULT), tmp_path, given), variables)
    assert trained < 1.5 * closed


def test_classes_of_many_columns_are_learned(settings, train):
    _, rows = with_causes()
    given = prepare(rows.features, (rows.label > 0).astype(np.float32), "classification")
    losses, _ = train(settings("device=cpu", "model=softmax"), given=given)
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.1 * losses[0]


def test_the_file_holds_both_arrays(settings, tmp_path: Path):
    job = job_of(settings(*DEFAULT), tmp_path, with_causes(20))
    computed = compute_preconditioner(job)
    assert (tmp_path / FILE).exists()
    assert computed.factor.shape == (count_inputs(job) + 1, min(20, DIRECTIONS))
    again = compute_preconditioner(job)
    assert [array.tobytes() for array in again] == [array.tobytes() for array in computed]


def test_inputs_that_overflow_get_none(settings, tmp_path: Path):
    job = job_of(settings(*DEFAULT), tmp_path, with_causes(20))
    job.split.features[0, 0] = np.inf
    assert compute_preconditioner(job) is None
