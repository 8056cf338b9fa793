"""Metrics and baseline of a similarity, on distances that can be counted."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.evaluation.tasks.similarity import Similarity

from .made import column, dataset, measured, rows

TASK = Similarity(dataset("similarity", targets=("same",)), threshold=0.5)
SPLIT = rows(np.zeros((4, 2)), [1, 1, 0, 0])


def test_metrics_by_hand():
    found = TASK.metrics(column(0.1, 0.6, 0.5, 0.9), SPLIT)
    assert found["roc_auc"] == pytest.approx(3 / 4)  # only (0.6, 0.5) is in the wrong order
    assert found["accuracy"] == 0.5  # 0.5 counts as the same
    assert found["threshold"] == 0.5
    assert found["mean_distance_same"] == pytest.approx(0.35)
    assert found["mean_distance_different"] == pytest.approx(0.7)


@pytest.mark.parametrize(("label", "there"), [(1, "same"), (0, "different")])
def test_with_one_kind_of_pair_there_is_nothing_to_tell_apart(label, there):
    found = TASK.metrics(column(0.1, 0.2), rows(np.zeros((2, 2)), [label, label]))
    assert set(found) == {"accuracy", "threshold", f"mean_distance_{there}"}


def test_the_baseline_takes_its_threshold_from_the_training_rows():
    train = rows([[0, 1], [0, 2], [0, 3], [0, 4], [0, 5]], [1, 1, 0, 1, 0])
    test = rows([[5, 1], [5, 2], [0, 6]], [1, 1, 0])
    found = measured(TASK, train, test)["pixel_distance"]
    # Up to 2 or up to 4 are right four times in five; the smaller comes first.
    assert found["threshold"] == 2
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["mean_distance_same"] == 3.5
    assert found["mean_distance_different"] == 6


def test_the_baseline_is_the_euclidean_distance_of_both_halves():
    pairs = rows([[0, 0, 3, 4], [1, 1, 1, 1]], [0, 1])
    four = dataset("similarity", ("a", "b", "c", "d"), targets=("same",))
    four_task = replace(TASK, dataset=four)
    found = measured(four_task, pairs, pairs)["pixel_distance"]
    assert found["mean_distance_different"] == 5
    assert found["mean_distance_same"] == 0
    assert (found["threshold"], found["accuracy"], found["roc_auc"]) == (0, 1, 1)


def test_the_cost_is_the_mean_distance():
    assert TASK.cost(column(1, 2), SPLIT.label) == 1.5


def test_columns_say_same_or_different_and_the_distance():
    found = TASK.columns(column(0.1, 0.6, 0.5, 0.9), SPLIT)
    assert list(found["actual"]) == ["same", "same", "different", "different"]
    np.testing.assert_array_equal(found["prediction"], column(0.1, 0.6, 0.5, 0.9)[:, 0])
    assert list(found) == ["actual", "prediction"]
    assert list(TASK.columns(column(0.1), rows([[0, 0]], []))) == ["prediction"]
