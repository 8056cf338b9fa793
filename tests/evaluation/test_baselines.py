"""What is said of a model, on metrics where the right answer is known."""

import numpy as np
import pytest

from pipeline.evaluation import tasks
from pipeline.evaluation.baselines import Measured, Trained, find_warnings

from .made import dataset

LINEAR = Trained("linear", "auto")
SOFTMAX = Trained("softmax", "auto")
MLP = Trained("mlp", "auto")


def task_of(name):
    return tasks.choose(dataset(name, classes=("a", "b")), 1.0, None, dict)


def found(trained, test, train, rows=10_000, task="regression"):
    """The warnings for the headline metric of the model and of its baselines, on both splits."""
    metric = tasks.headline(task).name

    def measured(values, rows):
        model, *others = ({metric: value} for value in values.values())
        return Measured(rows, model, dict(zip(list(values)[1:], others, strict=True)))

    return find_warnings(task_of(task), trained, measured(test, rows), measured(train, 10_000))


def regression(model, closed_form, mean=1.0):
    return {"model": model, "linear_regression": closed_form, "mean": mean}


def classification(model, closed_form, majority=0.7):
    return {"model": model, "logistic_regression": closed_form, "majority_class": majority}


def test_a_model_worse_than_a_baseline_is_named_with_its_numbers():
    (said,) = found(MLP, regression(1.04, 0.67), regression(0.01, 0.48))
    assert said == (
        "the model is worse than linear_regression and mean: on the test rows, its mse is 1.04"
        " against 0.67 and 1; on training rows, it is 0.01"
    )


def test_a_good_model_gets_no_warning():
    assert not found(LINEAR, regression(0.5, 0.5), regression(0.5, 0.5))
    assert not found(MLP, regression(0.4, 0.5), regression(0.4, 0.5))


@pytest.mark.parametrize(
    ("rows", "cost", "is_said"),
    [(100, 0.54, False), (100, 0.56, True), (10**6, 0.504, False), (10**6, 0.506, True)],
)
def test_a_difference_counts_from_the_error_of_a_mean_over_the_rows(rows, cost, is_said):
    assert bool(found(MLP, regression(cost, 0.5), regression(0, 0), rows)) is is_said


def test_of_two_models_that_are_nearly_perfect_neither_is_worse():
    assert not found(LINEAR, regression(1e-9, 1e-28), regression(1e-9, 1e-28))
    values = classification(6e-4, 3e-4)
    assert not found(SOFTMAX, values, values, task="classification")


@pytest.mark.parametrize(
    ("trained", "task", "values", "name"),
    [
        (LINEAR, "regression", regression, "linear_regression"),
        (Trained("polynomial", "mse"), "regression", regression, "linear_regression"),
        (SOFTMAX, "classification", classification, "logistic_regression"),
    ],
)
def test_a_closed_form_that_is_far_better_shows_what_has_not_converged(trained, task, values, name):
    *_, said = found(trained, values(0.65, 0.3), values(0.6, 0.2), task=task)
    assert said.startswith(f"not converged: {name} minimizes the same loss")
    assert "is 0.2 where the model has 0.6; give more train.steps" in said


def not_converged(trained, test, train):
    return any("not converged" in said for said in found(trained, test, train))


def test_what_minimizes_something_else_cannot_fail_to_converge():
    test = train = regression(0.65, 0.3)
    assert not_converged(LINEAR, test, train)
    assert not not_converged(Trained("linear", "huber"), test, train)
    assert not not_converged(MLP, test, train)


def test_what_was_regularized_or_stopped_early_with_success_has_converged():
    assert not not_converged(LINEAR, regression(0.45, 0.5), regression(0.4, 0.3))


def test_a_tenth_is_far():
    assert not not_converged(LINEAR, regression(0.6, 0.3), regression(0.32, 0.3))
    assert not_converged(LINEAR, regression(0.6, 0.3), regression(0.34, 0.3))


def test_a_metric_of_which_more_is_better():
    def auc(model, baseline):
        return {"model": model, "pixel_distance": baseline}

    (said,) = found(MLP, auc(0.6, 0.8), auc(0.9, 0.8), task="similarity")
    assert "worse than pixel_distance: on the test rows, its roc_auc is 0.6 against 0.8" in said
    assert not found(MLP, auc(0.9, 0.8), auc(0.9, 0.8), task="similarity")


def test_where_the_metric_is_missing_nothing_is_said():
    one_kind = Measured(10, {"accuracy": 0.5}, {"pixel_distance": {"accuracy": 1.0}})
    assert not find_warnings(task_of("similarity"), MLP, one_kind, one_kind)


def test_a_minimum_above_the_start_is_said_also_below_zero():
    values = {"model": -1.0, "start": -2.0}
    (said,) = found(Trained("sinc", "auto"), values, values, task="minimization")
    assert "worse than start" in said
    nearly = {"model": -1.99, "start": -2.0}
    assert not found(Trained("sinc", "auto"), nearly, nearly, task="minimization")
    better = {"model": -2.0, "start": -1.0}
    assert not found(Trained("sinc", "auto"), better, better, task="minimization")


def test_the_metrics_that_models_are_compared_by():
    assert {name: tasks.headline(name).name for name in tasks.KINDS} == {
        "regression": "mse",
        "classification": "log_loss",
        "similarity": "roc_auc",
        "minimization": "minimum",
    }
    assert np.isnan(tasks.headline("similarity").cost({}))
