"""Figures: the right ones for each task, and the same bytes for the same values."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.reporting import figures
from pipeline.reporting.figures import regression
from pipeline.reporting.figures.classification import confusion_matrix
from pipeline.reporting.figures.learning import learning_curve
from pipeline.reporting.figures.minimization import descent
from pipeline.reporting.shown import confusion, grid, is_curve
from pipeline.settings.evaluation import Figures

from ..evaluation.made import dataset, rows
from .conftest import classes, curve, forecast, minimum, table

SMALL = Figures(dpi=30, width=6, height=3)


def drawn(shown, folder):
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.draw(shown, SMALL, folder)
    return {file.stem: file.read_bytes() for file in folder.iterdir()}


def painted(paint, shown):
    figure = Figure(layout="constrained")
    paint(figure, shown)
    return figure.axes[0]


@pytest.mark.slow
def test_a_task_has_its_figures_and_drawn_twice_they_are_the_same_bytes(model, tmp_path):
    shown, names = model
    once, twice = drawn(shown, tmp_path / "once"), drawn(shown, tmp_path / "twice")
    assert set(once) == {*names, "learning_curve"}
    assert once == twice
    assert all(b"Software" not in content for content in once.values())


def test_a_model_of_one_feature_is_drawn_as_points_and_a_curve():
    shown = curve()
    axes = painted(regression.predictions, shown)
    training, test, fitted = axes.get_lines()
    np.testing.assert_array_equal(training.get_xydata()[:, 1], shown.train.label[:, 0])
    np.testing.assert_array_equal(test.get_xydata()[:, 0], shown.test.features[:, 0])
    np.testing.assert_array_equal(fitted.get_xydata()[:, 1], shown.fitted[:, 0])


def test_rows_that_test_and_train_are_drawn_once():
    shown = curve()
    same = dataclasses.replace(shown, train=shown.test)
    assert len(painted(regression.predictions, same).get_lines()) == 2


@pytest.mark.parametrize(
    ("make", "name"), [(forecast, "date of the features"), (table, "actual y")]
)
def test_a_line_goes_through_rows_that_follow_each_other_only(make, name):
    assert painted(regression.predictions, make()).get_xlabel() == name


def test_a_grid_spans_all_rows_of_a_curve():
    one, other = rows([[0], [1]], [0, 0]), rows([[3], [2]], [0, 0])
    points = grid(dataset("regression", ("x",)), one, other)
    assert (points.min(), points.max(), points.dtype) == (0, 3, np.float32)
    assert points.shape[1] == 1
    assert grid(dataset("regression"), one).shape == (0, 2)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (dataset("regression", ("x",)), True),
        (dataset("regression", ("x",), today="x"), False),
        (dataset("regression"), False),
        (dataset("minimization", ("offset",)), False),
    ],
)
def test_a_curve_is_one_number_from_another(data, expected):
    assert is_curve(data) is expected


def test_the_learning_curve_has_the_validation_loss_where_it_is_known():
    history = pd.DataFrame(
        {"step": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "validation_loss": [np.nan, 2.5, np.nan]}
    )
    axes = painted(learning_curve, dataclasses.replace(table(), history=history))
    training, validation = axes.get_lines()
    assert len(training.get_xdata()) == 3
    assert validation.get_xydata().tolist() == [[2, 2.5]]


@pytest.mark.parametrize(("lowest", "scale"), [(0.5, "log"), (0.0, "linear"), (-1.0, "linear")])
def test_axes_are_logarithmic_for_positive_values_only(lowest, scale):
    history = pd.DataFrame({"step": [1, 2], "loss": [3.0, lowest]})
    axes = painted(learning_curve, dataclasses.replace(table(), history=history))
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", scale)


def test_confusion_counts_actual_by_predicted():
    shown = classes(3)
    changed = np.eye(3, dtype=np.float32)[[0, 1, 1, 2]]
    four = dataclasses.replace(shown, test=rows(np.zeros((4, 2)), [0, 0, 1, 2]), prediction=changed)
    assert confusion(four).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("count", [2, 20])
def test_a_cell_has_its_count_and_the_share_of_its_row(count):
    shown = classes(count)
    axes, counts = painted(confusion_matrix, shown), confusion(shown)
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert len(texts) == np.count_nonzero(counts)
    assert texts[0, 0] == f"{counts[0, 0]}\n{counts[0, 0] / counts[0].sum():.0%}"
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        name if len(name) <= 16 else f"{name[:15]}…" for name in shown.dataset.classes
    ]


def test_many_classes_have_colours_alone(tmp_path):
    assert not painted(confusion_matrix, classes(30)).texts


def test_the_descent_ends_in_the_minimum_found():
    shown = minimum(x=[2.0, 1.0, 0.5])
    axes = painted(descent, shown)
    _, path, end = axes.get_lines()
    assert path.get_xydata()[0].tolist() == [2.0, 4.0]
    np.testing.assert_array_equal(path.get_xydata()[-1], end.get_xydata()[0])
    assert axes.get_xlabel() == "x"
