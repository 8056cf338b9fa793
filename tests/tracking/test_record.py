"""What a run in MLflow shows of a model, from its learning curve and its metrics."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
from mlflow.utils import requirements_utils

from pipeline.models.learning_curve import VALIDATION_LOSS
from pipeline.tracking import mlflow_model, record
from pipeline.workspace import digests

CURVE = [
    (1, {"loss": np.float32(3)}),
    (5, {"loss": np.float32(2), VALIDATION_LOSS: np.float32(0.0458)}),
    (10, {"loss": np.float32(1), VALIDATION_LOSS: np.float32(0.1095)}),
]


def outs(step: int, curve: Any = CURVE, **metrics: Any) -> Any:
    known = {field.name: None for field in dataclasses.fields(record.Outs)}
    return SimpleNamespace(**{**known, "step": step, "curve": curve, "metrics": metrics})


def test_the_last_validation_loss_is_that_of_the_kept_step():
    assert record._kept_validation(outs(5)) == (10, {VALIDATION_LOSS: np.float32(0.0458)})


def test_no_point_is_added_where_the_last_validation_is_kept_or_nothing_was_validated():
    assert record._kept_validation(outs(10)) is None
    assert record._kept_validation(outs(10, CURVE[:1])) is None
    assert record._kept_validation(outs(10, [])) is None


def test_numbers_are_metrics_and_texts_are_not():
    metrics = {"task": "regression", "model": {"mse": 2.0}, "warnings": ["worse"]}
    parity = {"parity": {"passed": True, "max_ulp": None}}
    assert record._numbers(outs(5, **metrics, **parity)) == {"model.mse": 2.0, "parity.passed": 1.0}
    validated = record._numbers(outs(5, **metrics, validation={"mse": 3.0}))
    assert validated == {"model.mse": 2.0, "validation.mse": 3.0, "kept_step": 5.0}


def test_versions_are_compared_without_a_search_of_all_packages(monkeypatch, caplog):
    searched: list[bool] = []
    library = requirements_utils.importlib_metadata
    monkeypatch.setattr(library, "packages_distributions", lambda: searched.append(True) or {})
    monkeypatch.setattr(requirements_utils, mlflow_model.MAP_OF_PACKAGES, None)
    installed = [f"tensorflow=={digests.versions()['tensorflow']}"]
    logger = requirements_utils._logger
    monkeypatch.setattr(logger, "propagate", True)
    with mlflow_model.trusted_requirements():
        requirements_utils.warn_dependency_requirement_mismatches(installed)
        assert not caplog.messages
        requirements_utils.warn_dependency_requirement_mismatches(["numpy==0.1"])
    assert not searched
    assert "numpy (current: " in caplog.text
    requirements_utils.warn_dependency_requirement_mismatches(installed)
    assert searched
