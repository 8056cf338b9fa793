"""Mappings in the section `data` are checked in depth."""

from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from pipeline.data.lags import MAKERS
from pipeline.schema.data import LAG_KINDS, ClassWeight, Lags

STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def test_the_schema_has_the_kinds_that_can_be_made():
    assert set(LAG_KINDS) == set(MAKERS)


@pytest.mark.parametrize("lags", [{"x": [1, 7]}, {"x": [1], "y": {"lag": [2], "mean": [7, 28]}}])
def test_lags(lags: Any):
    assert TypeAdapter(Lags, config=STRICT).validate_python(lags) == lags


@pytest.mark.parametrize(
    "lags",
    [
        {},
        [1],
        *({"x": rows} for rows in (None, 1, [], [0], [1.5], [True], [10_001])),
        *({"x": made} for made in ({}, {"median": [2]}, {"mean": 7})),
    ],
)
def test_other_lags_are_refused(lags: Any):
    with pytest.raises(ValidationError):
        TypeAdapter(Lags, config=STRICT).validate_python(lags)


@pytest.mark.parametrize("weights", ["balanced", {"a": 2, "b": 0.5}, {7: 0.0}])
def test_weights_of_classes(weights: Any):
    assert TypeAdapter(ClassWeight, config=STRICT).validate_python(weights) == weights


@pytest.mark.parametrize("weights", ["equal", {"a": -1.0}, {"a": "2"}, [1.0], {"a": float("inf")}])
def test_other_weights_of_classes_are_refused(weights: Any):
    with pytest.raises(ValidationError):
        TypeAdapter(ClassWeight, config=STRICT).validate_python(weights)
