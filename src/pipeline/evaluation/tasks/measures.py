"""Metrics of numbers and of classes, of one target or several, with weights of rows or without."""

import re
from collections.abc import Sequence

import numpy as np

# The lowest probability in a log loss, so that a class that was ruled out has a finite loss.
MIN_PROBABILITY = float(np.finfo(np.float64).eps)


def measure_numbers(
    label: np.ndarray,
    prediction: np.ndarray,
    targets: Sequence[str],
    weight: np.ndarray | None = None,
) -> dict[str, float]:
    """Return MSE, RMSE, MAE and R²; of several targets their means, and those of each target.

    The metrics of a target are called `TARGET/mse`, …. The means are scikit-learn's
    `uniform_average`: of targets in different units, R² alone does not depend on the units.

    Args:
        label, prediction: `[rows, targets]`, in the targets' own units.
        weight: `[rows]`, of 0 or more, or None.
    """
    found = _measure(label.astype(np.float64), prediction.astype(np.float64), weight)
    metrics = {name: float(np.mean(values)) for name, values in found.items()}
    if len(targets) > 1:
        for number, key in enumerate(name_keys(targets)):
            metrics |= {f"{key}/{name}": float(values[number]) for name, values in found.items()}
    return metrics


def measure_classes(
    label: np.ndarray, probability: np.ndarray, weight: np.ndarray | None = None
) -> dict[str, float]:
    """Return accuracy, log loss, F1 averaged over the classes that are present or predicted.

    ROC AUC is one against rest, averaged over all classes; left out where one has no weight.

    Args:
        label: `[rows]`, numbers of classes.
        probability: `[rows, K]`; it need not add up to 1.
        weight: `[rows]`, of 0 or more, or None.
    """
    from sklearn.metrics import f1_score, roc_auc_score

    predicted, count = probability.argmax(1), probability.shape[1]
    f1 = f1_score(label, predicted, average="macro", zero_division=0, sample_weight=weight)
    metrics = {
        "accuracy": float(np.average(predicted == label, weights=weight)),
        "log_loss": log_loss(label, probability, weight),
        "macro_f1": float(f1),
    }
    if np.bincount(label, weight, minlength=count).all():
        shares = normalize(probability)
        score = shares[:, 1] if count == 2 else shares
        auc = roc_auc_score(label, score, multi_class="ovr", sample_weight=weight)
        metrics["roc_auc"] = float(auc)
    return metrics


def log_loss(label: np.ndarray, probability: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the mean of -ln(probability of the actual class)."""
    actual = np.take_along_axis(normalize(probability), label[:, None], axis=1)[:, 0]
    return float(np.average(-np.log(actual), weights=weight))


def normalize(probability: np.ndarray) -> np.ndarray:
    """Return probabilities that are above 0 and add up to 1, `[rows, K] float64`."""
    positive = np.maximum(probability.astype(np.float64), MIN_PROBABILITY)
    return np.asarray(positive / positive.sum(1, keepdims=True))


def name_keys(targets: Sequence[str]) -> tuple[str, ...]:
    """Return a key for each target that MLflow and DVC take before `/mse`.

    MLflow takes letters and digits of ASCII, `_`, `-`, space and a dot inside; others become `_`,
    and a number tells targets apart that would be called the same.
    """
    keys: list[str] = []
    for target in targets:
        key = re.sub(r"[^0-9A-Za-z_\- .]", "_", target).strip(". ") or "target"
        same, number = key, 2
        while key in keys:
            key, number = f"{same}_{number}", number + 1
        keys.append(key)
    return tuple(keys)


def _measure(
    label: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return each metric of each target, `[targets] float64`."""
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    given = {"sample_weight": weight, "multioutput": "raw_values"}
    mse = np.asarray(mean_squared_error(label, prediction, **given))
    return {
        "mse": mse,
        "rmse": np.sqrt(mse),
        "mae": np.asarray(mean_absolute_error(label, prediction, **given)),
        "r2": np.asarray(r2_score(label, prediction, **given)),
    }
