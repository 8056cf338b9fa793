"""The coefficients of linear and polynomial models, in the units of the raw columns."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.artifacts import checkpoint, frozen
from pipeline.artifacts.signature import Signature

NETWORKS = ("linear", "polynomial")


def coefficients(signature: Signature, values: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the coefficient of each power of each column; `1` is the constant term.

    Scaling is multiplied out: `y = Σ w (x - mean)^k / scale^k` becomes a polynomial in x itself.

    Args:
        values: of the variables, by name.
    """
    scaling, names = signature.model.scaling, signature.features
    weights = values["network/weights"].astype(np.float64).reshape(-1, len(names))
    constant = float(values["network/bias"][0])
    found: dict[str, float] = {}
    for column, name in enumerate(names):
        scaled = np.polynomial.Polynomial(
            [
                -scaling.feature_mean[column] / scaling.feature_scale[column],
                1 / scaling.feature_scale[column],
            ]
        )
        expanded = sum(
            (weight * scaled**power for power, weight in enumerate(weights[:, column], start=1)),
            np.polynomial.Polynomial([0.0]),
        )
        constant += float(expanded.coef[0])
        for power, factor in enumerate(expanded.coef[1:], start=1):
            label = name if power == 1 else f"{name}^{power}"
            found[label] = float(factor) * scaling.label_scale
    found["1"] = constant * scaling.label_scale + scaling.label_mean
    return found


def restored(signature: Signature, folder: Path, graph: Path) -> dict[str, dict[str, float]]:
    """Return the coefficients as the checkpoint and as the frozen graph have them.

    Returns:
        By form, then by power; nothing for other networks and for several outputs.
    """
    if signature.model.network.name not in NETWORKS or signature.model.outputs != 1:
        return {}
    return {
        "checkpoint": coefficients(signature, checkpoint.values(folder)),
        "frozen_graph": coefficients(signature, frozen.constants(graph)),
    }


def as_table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Return the coefficients as lines of text, a column a form."""
    forms = list(found)
    powers = list(found[forms[0]])
    width = max(map(len, ("coefficient of", *powers)))
    lines = [f"{'coefficient of':<{width}}" + "".join(f"{form:>18}" for form in forms)]
    lines += [
        f"{power:<{width}}" + "".join(f"{found[form][power]:18.9g}" for form in forms)
        for power in powers
    ]
    return "\n".join(lines)
