"""The coefficients of linear and polynomial models, in the units of the raw columns."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.polynomial import Polynomial

from pipeline.data.prepared.encoding import PARTS
from pipeline.models.forms import checkpoint, frozen_graph
from pipeline.models.metadata.sidecar import Recipe

NETWORKS = ("linear", "polynomial")


def tabulate(folder: Path, graph: Path) -> str:
    """Return the coefficients of a checkpoint and of its frozen graph, as lines of text.

    The text is empty for other networks, for several outputs and for columns that are hashed.
    """
    recipe = checkpoint.read_sidecar(folder).recipe
    inference = recipe.inference
    is_hashed = any(column.buckets for column in inference.encoding.text)
    if inference.network.name not in NETWORKS or inference.outputs != 1 or is_hashed:
        return ""
    forms = {
        "checkpoint": _coefficients(recipe, checkpoint.read_variables(folder)),
        "frozen_graph": _coefficients(recipe, frozen_graph.read_constants(graph)),
    }
    head, powers = "coefficient of", list(forms["checkpoint"])
    width = max(map(len, (head, *powers)))
    lines = [f"{head:<{width}}" + "".join(f"{form:>18}" for form in forms)]
    for power in powers:
        cells = (f"{found[power]:18.9g}" for found in forms.values())
        lines.append(f"{power:<{width}}" + "".join(cells))
    return "\n".join([*lines, "", ""])


def _coefficients(recipe: Recipe, variables: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the coefficient of each power of each column; `1` is the constant term.

    Scaling is multiplied out: `y = Σ w (x - mean)^k / scale^k` becomes a polynomial in x itself.
    """
    encoding, names = recipe.inference.encoding, recipe.features
    scaling, codes = encoding.scaling, _code_names(recipe)
    (label_scale,), (label_mean,) = scaling.label_scale, scaling.label_mean
    weights = np.empty((0, 0))
    if names:
        weights = variables["network/weights"].astype(np.float64).reshape(-1, len(names))
    constant = float(variables["network/bias"][0])
    found: dict[str, float] = {}
    for column, name in enumerate(names):
        mean, scale = scaling.feature_mean[column], scaling.feature_scale[column]
        scaled, expanded = Polynomial([-mean / scale, 1 / scale]), Polynomial([0.0])
        for power, weight in enumerate(weights[:, column], start=1):
            expanded += weight * scaled**power
        constant += float(expanded.coef[0])
        for power, factor in enumerate(expanded.coef[1:], start=1):
            label = name if power == 1 else f"{name}^{power}"
            found[label] = float(factor) * label_scale
    of_codes = variables["network/code_weights"][:, 0] if codes else ()
    for name, weight in zip(codes, of_codes, strict=True):
        found[name] = float(weight) * label_scale
    found["1"] = constant * label_scale + label_mean
    return found


def _code_names(recipe: Recipe) -> list[str]:
    """Return a name for each code that is one-hot, such as `color=red` or `month of day=1`."""
    encoding = recipe.inference.encoding
    texts = [f"{column.name}={level}" for column in encoding.text for level in column.levels]
    parts = [
        f"{part} of {recipe.features[column]}={code}"
        for column, part in encoding.parts
        for code in range(1, PARTS[part] + 1)
    ]
    return [*texts, *parts]
