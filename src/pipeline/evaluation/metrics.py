"""Metrics of a regression, in the target's own units."""

from typing import Any

import numpy as np
from sklearn.metrics import (
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)


def regression(
    prediction: np.ndarray, label: np.ndarray, today: np.ndarray | None = None
) -> dict[str, float]:
    """Return MSE, RMSE, MAE and R²; for prices also direction and skill over persistence.

    Args:
        prediction, label: `[rows, 1]`.
        today: the target's present value, `[rows, 1]`, where the target is a forecast.

    Returns:
        `direction` is the share of rows whose predicted change from today has the right sign;
        `skill_over_persistence` is 1 - MSE / MSE of predicting today's value: above 0 is better.
        A prediction that is today's value has neither.
    """
    prediction, label = prediction.astype(np.float64), label.astype(np.float64)
    metrics = {
        "mse": float(mean_squared_error(label, prediction)),
        "rmse": float(root_mean_squared_error(label, prediction)),
        "mae": float(mean_absolute_error(label, prediction)),
        "r2": float(r2_score(label, prediction)),
    }
    if today is not None and (prediction != today).any():
        today = today.astype(np.float64)
        right = np.sign(prediction - today) == np.sign(label - today)
        metrics["direction"] = float(np.mean(right))
        persistence = float(mean_squared_error(label, today))
        metrics["skill_over_persistence"] = 1 - metrics["mse"] / persistence if persistence else 0.0
    return metrics


def as_table(results: dict[str, Any]) -> str:
    """Return the metrics of the model and the baselines as lines of text.

    Args:
        results: as reports/metrics.json holds them.
    """
    names = list(results["model"])
    width = max(map(len, ("test rows", *results["baselines"])))
    lines = [f"{'test rows':<{width}}  " + "  ".join(f"{name[:12]:>12}" for name in names)]
    for who, metrics in {"model": results["model"], **results["baselines"]}.items():
        cells = (f"{metrics[name]:12.6g}" if name in metrics else " " * 12 for name in names)
        lines.append(f"{who:<{width}}  " + "  ".join(cells).rstrip())
    return "\n".join(lines)
