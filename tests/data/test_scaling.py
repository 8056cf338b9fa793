"""The scaling is fitted on the training rows, as scikit-learn does it."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from pipeline.data.examples import Examples
from pipeline.data.fitting import fit_encoding
from pipeline.data.prepared.scaling import Scaling
from pipeline.errors import DataError

from ..made import prepared_of

FEATURES = np.array([[1, -8, 0], [3, 2, 0]], np.float32)
LABEL = np.array([[1], [0]], np.float32)
NAMES = ("a", "b", "c", "y")


def fit(features, label, method: str, task: str, names) -> Scaling:
    examples = Examples(features, label, names[:-1], names[-1], task)
    return fit_encoding(examples, np.arange(len(label)), method, "own.csv")[1].scaling


def test_standard_is_scikit_learns_on_the_training_rows_alone(data):
    chosen = data("diabetes", validation_share=0.2)
    dataset, splits = prepared_of(chosen)
    train = splits["train"]
    expected = StandardScaler().fit(np.column_stack([train.features, train.label]).astype(float))
    scaling = dataset.encoding.scaling
    np.testing.assert_allclose([*scaling.feature_mean, *scaling.label_mean], expected.mean_)
    np.testing.assert_allclose([*scaling.feature_scale, *scaling.label_scale], expected.scale_)


@pytest.mark.parametrize(("how", "scale"), [("unit", 8), ("none", 1)])
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_unit_divides_all_features_by_the_largest(how, scale, task):
    scaling = fit(FEATURES, LABEL, how, task, NAMES)
    assert scaling.feature_mean == (0, 0, 0)
    assert scaling.feature_scale == (scale,) * 3
    assert (scaling.label_mean, scaling.label_scale) == ((0,), (1,))


@pytest.mark.parametrize("task", ["classification", "similarity", "minimization"])
def test_only_a_number_to_predict_is_scaled(task):
    scaling = fit(FEATURES[:, :2], LABEL, "standard", task, NAMES[1:])
    assert scaling.feature_scale == (1, 5)
    assert (scaling.label_mean, scaling.label_scale) == ((0,), (1,))


@pytest.mark.parametrize(
    ("what", "features", "label", "how", "task", "expected"),
    [
        (
            "a constant feature of a regression",
            FEATURES,
            LABEL,
            "standard",
            "regression",
            "constant over the 2 training rows: c;",
        ),
        (
            "a constant feature of a classification",
            FEATURES,
            LABEL,
            "standard",
            "classification",
            "constant over the 2 training rows: c;",
        ),
        (
            "a constant target",
            FEATURES,
            LABEL * 0,
            "none",
            "regression",
            "the target 'y' is constant over the 2 training rows",
        ),
        (
            "training rows of one class",
            FEATURES,
            LABEL * 0,
            "unit",
            "classification",
            "the same class of 'y'",
        ),
        (
            "training pairs of one kind",
            FEATURES,
            LABEL * 0,
            "unit",
            "similarity",
            "the same class of 'y'",
        ),
        (
            "features that are all zero",
            FEATURES * 0,
            LABEL,
            "unit",
            "classification",
            "less than float32 can scale",
        ),
    ],
)
def test_what_cannot_be_scaled_is_one_message(failure, what, features, label, how, task, expected):
    with failure.raises(what, DataError, match=expected):
        fit(features, label, how, task, NAMES)
