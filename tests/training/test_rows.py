"""Rows that are streamed give the same numbers as rows that are held."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.data.examples import NO_TEXT, TextCells
from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import Dataset, EncodedRows
from pipeline.data.rows_writer import RowsWriter
from pipeline.graph import tf
from pipeline.training.batches import Batches
from pipeline.training.graph import build_training_graph
from pipeline.training.rows import HeldRows, Rows, StreamedRows, create_rows

from ..small import examples, job_of
from .test_training import same

pytestmark = pytest.mark.slow

WINDOWS = (
    "train=stream", "train.batch_size=16", "train.window=50", "device=cpu", "optimizer=adam",
    "train.steps=90", "train.checkpoint_every=35",
)  # fmt: skip
MLP, LINEAR = ("model=mlp", "model.hidden=[8]"), ("model=linear",)
XLA = "train.xla=true"


@pytest.fixture(params=["numbers", "codes", "codes alone", "weights"])
def given(request, tmp_path: Path) -> tuple[Dataset, EncodedRows]:
    """Examples of 331 rows, mapped from their files: 6 windows of 56 rows, 3 steps each."""
    codes = np.arange(662, dtype=np.int32).reshape(331, 2) % 3
    texts = np.array(["", "one", "other"], object)
    text = TextCells(("t", "u"), codes, (texts, texts)) if "codes" in request.param else NO_TEXT
    shape = (0,) if "alone" in request.param else (3,)
    dataset, rows = examples(331, shape, text=text)
    encoded = rows.encode(dataset.encoding)
    if request.param == "weights":
        weight = np.linspace(0, 2, 331, dtype=np.float32)[:, None]
        encoded = replace(encoded, weight=weight)
    present = {name: array for name, array in vars(encoded).items() if array is not None}
    arrays = {name: (array.dtype, array.shape) for name, array in present.items()}
    with RowsWriter(tmp_path / "train", arrays, ()) as writer:
        writer.append(encoded)
    return dataset, prepared.read_training_rows(tmp_path, mapped=True)


@pytest.mark.parametrize("chosen", [MLP, LINEAR, (*MLP, XLA), (*LINEAR, XLA)])
def test_streamed_rows_train_to_the_same_bits_as_held_ones(settings, train, given, chosen):
    losses, variables = train(settings(*WINDOWS, *chosen), given=given)
    held, variables_held = train(settings(*WINDOWS, *chosen, "train.stream=false"), given=given)
    assert losses.tobytes() == held.tobytes()
    assert same(variables, variables_held)


BATCHES = Batches(331, 16, 0, 50)


@pytest.mark.parametrize(
    "kind, batches", [(HeldRows, None), (HeldRows, BATCHES), (StreamedRows, BATCHES)]
)
def test_a_step_sees_the_same_rows_by_column(given, kind, batches: Batches | None):
    by_row, by_column = (_taken(kind(given[1], batches, on, steps=60)) for on in (False, True))
    for one, other in zip(by_row, by_column, strict=True):
        assert np.array_equal(one, other)


def test_batches_that_are_drawn_ahead_are_those_of_their_steps(given):
    rows, step = HeldRows(given[1], BATCHES, by_column=False, steps=60), 0
    for count in (1, 2, 4, 4, 3, 10, 1, 25, 10):
        (numbers,) = rows.feeds(step, count)
        assert np.array_equal(numbers, BATCHES.rows_of(step, count))
        step += count
    for begin in (30, 7, 58):  # a training that goes on elsewhere
        assert np.array_equal(rows.feeds(begin, 2)[0], BATCHES.rows_of(begin, 2))
        rows.close()


def _taken(rows: Rows) -> list[np.ndarray]:
    """Return what steps of several windows and epochs see, the third of three from each place."""
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph) as session:
        source, found = rows.add_to_graph(), list[np.ndarray]()
        rows.load(source, session)
        taken = source.take(source.rows, tf.constant(2)).present()
        for step in (0, 6, 24, 48):
            feeds = dict(zip(source.feeds, rows.feeds(step, 3), strict=True))
            found += session.run(taken, feeds)
        return found


@pytest.mark.parametrize(
    "model, by_column", [("linear", True), ("polynomial", False), ("mlp", False)]
)
def test_a_linear_function_of_one_output_has_columns(settings, tmp_path, model, by_column):
    job = job_of(settings(*WINDOWS, f"model={model}"), tmp_path, examples(331))
    graph = build_training_graph(job, create_rows(job))
    assert graph.rows.by_column is by_column


@pytest.mark.parametrize(
    ("model", "stop"),
    [*((model, stop) for model in (MLP, LINEAR) for stop in (1, 36, 71)), ((*LINEAR, XLA), 36)],
)
def test_a_streamed_training_goes_on_within_a_window(
    settings, train, given, tmp_path: Path, stop: int, model: tuple[str, ...]
):
    chosen = settings(*WINDOWS, *model)
    losses, variables = train(chosen, given=given)
    work = tmp_path / "interrupted"
    train(chosen, stop=stop, folder=work, call=4, given=given)
    rest, resumed = train(chosen, folder=work, given=given)
    assert same(variables, resumed)
    assert rest.tobytes() == losses[-len(rest) :].tobytes()


def test_windows_are_another_order_than_that_of_all_rows(settings, train, given):
    one, _ = train(settings(*WINDOWS, *MLP), given=given)
    all_rows = settings(*WINDOWS, *MLP, "train.stream=false", "train.window=null")
    other, _ = train(all_rows, given=given)
    assert not np.array_equal(one, other)
    np.testing.assert_allclose(one[-10:].mean(), other[-10:].mean(), rtol=0.5)
