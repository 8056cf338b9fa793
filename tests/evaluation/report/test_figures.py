"""Figures: the right ones for each task, and the same bytes for the same values."""

import dataclasses
import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.evaluation.report import page
from pipeline.evaluation.report.figures import regression
from pipeline.evaluation.report.figures.classification import confusion_matrix
from pipeline.evaluation.report.figures.learning import learning_curve
from pipeline.evaluation.report.results import count_confusions
from pipeline.evaluation.tasks import choose
from pipeline.schema.evaluation import Figures

from ..made import dataset, rows
from .conftest import HISTORY, classes, curve, forecast, minimum, table, task_of

SMALL = Figures(dpi=30, width=6, height=3)


def saved(results, folder):
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page.save_figures(task_of(results), results, SMALL, folder)
    return {file.stem: file.read_bytes() for file in folder.iterdir()}


def drawn(draw, results):
    figure = Figure(layout="constrained")
    draw(figure, results)
    return figure.axes[0]


@pytest.mark.slow
def test_a_style_of_the_user_does_not_change_the_figures(tmp_path):
    before = saved(curve(), tmp_path / "before")
    with matplotlib.rc_context({"text.usetex": True, "font.size": 20, "lines.linewidth": 9}):
        assert saved(curve(), tmp_path / "after") == before
        assert matplotlib.rcParams["font.size"] == 20


@pytest.mark.slow
def test_a_task_has_its_figures_and_drawn_twice_they_are_the_same_bytes(model, tmp_path):
    results, names = model
    once, twice = saved(results, tmp_path / "once"), saved(results, tmp_path / "twice")
    assert set(once) == {*names, "learning_curve"}
    assert once == twice
    assert all(b"Software" not in content for content in once.values())


@pytest.mark.slow
def test_signs_that_the_font_lacks_are_told_in_one_line(tmp_path, caplog, recwarn):
    results = classes()
    names = ("中", "国", *results.dataset.classes[2:])
    results = dataclasses.replace(
        results, dataset=dataclasses.replace(results.dataset, classes=names)
    )
    page.save_figures(task_of(results), results, SMALL, tmp_path)
    expected = (
        "figures have boxes for 中, 国, which the font of Matplotlib lacks; tables have the text"
    )
    assert caplog.messages == [expected]
    assert not recwarn.list


def test_a_model_of_one_feature_is_drawn_as_points_and_a_curve():
    results = curve()
    axes = drawn(regression.predictions, results)
    training, test, fitted = axes.get_lines()
    np.testing.assert_array_equal(training.get_xydata()[:, 1], results.sample.label[:, 0])
    np.testing.assert_array_equal(test.get_xydata()[:, 0], results.test.features[:, 0])
    np.testing.assert_array_equal(fitted.get_xydata()[:, 1], results.fitted[:, 0])


def test_rows_that_test_and_train_are_drawn_once():
    results = curve()
    same = dataclasses.replace(results, sample=results.test)
    assert len(drawn(regression.predictions, same).get_lines()) == 2


@pytest.mark.parametrize(
    ("make", "name"), [(forecast, "date of the features"), (table, "actual y")]
)
def test_a_line_goes_through_rows_that_follow_each_other_only(make, name):
    assert drawn(regression.predictions, make()).get_xlabel() == name


def test_a_grid_spans_all_rows_of_a_curve():
    one, other = rows([[0], [1]], [0, 0]), rows([[3], [2]], [0, 0])
    points = choose(dataset("regression", ("x",)), 1.0, HISTORY, dict).grid(one, other)
    assert (points.min(), points.max(), points.dtype) == (0, 3, np.float64)
    assert points.shape[1] == 1
    assert choose(dataset("regression"), 1.0, HISTORY, dict).grid(one).shape == (0, 2)


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
    split = rows(np.zeros((2, len(data.features))), [0, 0])
    assert bool(len(choose(data, 1.0, HISTORY, dict).grid(split))) is expected


def test_the_learning_curve_has_the_validation_loss_where_it_is_known():
    history = pd.DataFrame(
        {"step": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "validation_loss": [np.nan, 2.5, np.nan]}
    )
    axes = drawn(learning_curve, dataclasses.replace(table(), history=history, step=2))
    training, validation, *_ = axes.get_lines()
    assert len(training.get_xdata()) == 3
    assert validation.get_xydata().tolist() == [[2, 2.5]]


def test_the_learning_curve_marks_the_validation_of_the_checkpoint_that_was_kept():
    history = pd.DataFrame(
        {"step": [1, 20, 30], "loss": [3.0, 2.0, 1.0], "validation_loss": [np.nan, 0.0458, 0.1095]}
    )
    axes = drawn(learning_curve, dataclasses.replace(table(), history=history, step=20))
    *_, mark = axes.get_lines()
    assert mark.get_xydata().tolist() == [[20, 0.0458]]
    assert mark.get_label() == "kept: step 20"
    assert [text.get_text() for text in axes.texts] == ["1", "0.0458"]


@pytest.mark.parametrize(("lowest", "scale"), [(0.5, "log"), (0.0, "linear"), (-1.0, "linear")])
def test_axes_are_logarithmic_for_positive_values_only(lowest, scale):
    history = pd.DataFrame({"step": [1, 2], "loss": [3.0, lowest]})
    axes = drawn(learning_curve, dataclasses.replace(table(), history=history))
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", scale)


def test_confusion_counts_actual_by_predicted():
    results = classes(3)
    changed = np.eye(3, dtype=np.float32)[[0, 1, 1, 2]]
    four = dataclasses.replace(
        results, test=rows(np.zeros((4, 2)), [0, 0, 1, 2]), prediction=changed
    )
    assert count_confusions(four).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("count", [2, 20])
def test_a_cell_has_its_count_and_the_share_of_its_row(count):
    results = classes(count)
    axes, counts = drawn(confusion_matrix, results), count_confusions(results)
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert len(texts) == np.count_nonzero(counts)
    assert texts[0, 0] == f"{counts[0, 0]}\n{counts[0, 0] / counts[0].sum():.0%}"
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        name if len(name) <= 16 else f"{name[:15]}…" for name in results.dataset.classes
    ]


def test_many_classes_have_colours_alone(tmp_path):
    assert not drawn(confusion_matrix, classes(30)).texts


def test_the_descent_ends_in_the_minimum_found():
    results = minimum(x=[2.0, 1.0, 0.5])
    axes = drawn(task_of(results).figures(results)["descent"], results)
    _, path, end = axes.get_lines()
    assert path.get_xydata()[0].tolist() == [2.0, 4.0]
    np.testing.assert_array_equal(path.get_xydata()[-1], end.get_xydata()[0])
    assert axes.get_xlabel() == "x"


def test_a_metric_that_is_not_a_variable_is_not_drawn_as_one():
    results = minimum(x=[2.0, 1.0, 0.5])
    results.metrics["model"]["smoothness"] = 1.0
    axes = drawn(task_of(results).figures(results)["descent"], results)
    assert axes.get_xlabel() == "x"
    assert len(axes.get_lines()) == 3
