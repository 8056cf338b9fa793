"""Examples that are made or come with scikit-learn: no file of the user's is read."""

import math

import numpy as np

from pipeline.data.examples import Examples
from pipeline.settings.data import CosineData, DiabetesData, OffsetsData, SyntheticData


def cosine(settings: CosineData) -> Examples:
    """Equidistant points of y = cos(ax + b), where ax + b goes from 0 to 2π."""
    x = (np.linspace(0, 2 * math.pi, settings.rows) - settings.b) / settings.a
    return Examples(
        features=x[:, None],
        label=np.cos(settings.a * x + settings.b)[:, None],
        feature_names=("x",),
        target="y",
        index=x,
        index_name="x",
    )


def diabetes(settings: DiabetesData) -> Examples:
    """scikit-learn's 442 patients: ten measurements in their own units, and the progression."""
    from sklearn.datasets import load_diabetes  # a second of imports

    patients = load_diabetes(scaled=False)
    return Examples(
        features=patients.data,
        label=patients.target[:, None],
        feature_names=tuple(patients.feature_names),
        target="progression",
    )


def synthetic(settings: SyntheticData) -> Examples:
    """A linear function of random normal features, and normal noise.

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


def offsets(settings: OffsetsData) -> Examples:
    """Offset 0 to minimize a function at, and offsets around it to look at."""
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
