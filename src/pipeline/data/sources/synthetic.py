"""Examples that are computed: no file is read."""

import math

import numpy as np

from pipeline.data.examples import Examples, source
from pipeline.schema.data import CosineData, OffsetsData, SyntheticData
from pipeline.workspace import Workspace


@source("cosine")
def generate_cosine(settings: CosineData, workspace: Workspace) -> Examples:
    """Return equidistant points of y = cos(ax + b), where ax + b goes from 0 to 2π."""
    x = (np.linspace(0, 2 * math.pi, settings.rows) - settings.b) / settings.a
    return Examples(
        features=x[:, None],
        label=np.cos(settings.a * x + settings.b)[:, None],
        feature_names=("x",),
        target="y",
        index=x,
        index_name="x",
    )


@source("synthetic")
def generate_linear(settings: SyntheticData, workspace: Workspace) -> Examples:
    """Return a linear function of random normal features, with normal noise.

    Coefficients, intercept, features and noise are drawn in this order.
    """
    generator = np.random.Generator(np.random.Philox(settings.seed))
    coefficients, intercept = generator.normal(size=settings.columns), generator.normal()
    features = generator.normal(size=(settings.rows, settings.columns))
    noise = settings.noise * generator.normal(size=(settings.rows, 1))
    return Examples(
        features=features,
        label=(features * coefficients).sum(1, keepdims=True) + intercept + noise,
        feature_names=tuple(f"x_{column}" for column in range(settings.columns)),
        target="y",
    )


@source("offsets")
def generate_offsets(settings: OffsetsData, workspace: Workspace) -> Examples:
    """Return offset 0, at which a function is minimized, and offsets around it to evaluate it."""
    around = np.arange(1 - settings.rows, settings.rows, 2) * (settings.reach / (settings.rows - 1))
    offset = np.concatenate([[0.0], around])
    return Examples(
        features=offset[:, None],
        label=np.zeros((len(offset), 1)),
        feature_names=("offset",),
        target="y",
        task="minimization",
        part=np.repeat(["train", "test"], [1, settings.rows]),
        index=offset,
        index_name="offset",
    )
