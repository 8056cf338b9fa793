"""What people do with a table in scikit-learn: the usual encoder, then a linear model or an MLP.

Numbers are filled with their median and standardized; texts are one-hot, a missing one is a level
of its own; a date is the number of its seconds, and its month, weekday and hour where they vary.
"""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

LINEAR, MLP = "linear", "mlp"
ENOUGH = 1000  # iterations
DATE = re.compile(r"\d{4}-\d\d-\d\d")
PARTS = ("month", "weekday", "hour")

Metrics = dict[str, float]


class Table:
    """A table as pandas reads it, with dates as numbers.

    Attributes:
        features: all columns but the target and the index that pandas wrote.
    """

    def __init__(self, path: Path, target: str, has_classes: bool) -> None:
        # pandas guesses the separator with this engine alone
        frame = pd.read_csv(path, sep=None, engine="python")
        self.label = frame.pop(target)
        if has_classes:
            self.label = self.label.astype(str)
        counts = [c for c in frame if str(c).startswith("Unnamed") and _counts(frame[c])]
        self.features = frame.drop(columns=counts).dropna(axis=1, how="all")
        self._codes: list[str] = []
        for name in [c for c in self.features if _is_date(self.features[c])]:
            self._expand_date(name)

    def _expand_date(self, name: str) -> None:
        dates = pd.to_datetime(self.features[name])
        self.features[name] = (dates - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
        for part in PARTS:
            values = getattr(dates.dt, part)
            if values.nunique() > 1:
                self.features[f"{name}.{part}"] = values.astype(str)

    def describe(self) -> str:
        """Say how many numbers, texts and empty cells there are."""
        texts = sum(_is_text(self.features[c]) for c in self.features)
        counts = {"numbers": self.features.shape[1] - texts, "text": texts,
                  "empty cells": int(self.features.isna().sum().sum())}  # fmt: skip
        return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)

    def encoder(self) -> Any:
        """Return the usual encoder of the features."""
        texts = [c for c in self.features if _is_text(self.features[c])]
        numbers = [c for c in self.features if c not in texts]
        return make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (
                make_pipeline(
                    SimpleImputer(strategy="constant", fill_value="missing"),
                    OneHotEncoder(handle_unknown="ignore"),
                ),
                texts,
            ),
        )

    def measure(self, kind: str, train: np.ndarray, test: np.ndarray, seed: int) -> Metrics:
        """Fit on some rows, given by their numbers from 0, and return the metrics on others."""
        has_classes = _is_text(self.label)
        model = make_pipeline(self.encoder(), _model(kind, has_classes, seed))
        label, given = self.label.iloc[test], self.features.iloc[test]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.features.iloc[train], self.label.iloc[train])
        found = model.predict(given)
        if not has_classes:
            return {"mse": mean_squared_error(label, found), "r2": r2_score(label, found)}
        probabilities = model.predict_proba(given)
        classes: Sequence[str] = model.classes_
        return {
            "accuracy": accuracy_score(label, found),
            "log_loss": log_loss(label, probabilities, labels=classes),
        }


def _model(kind: str, has_classes: bool, seed: int) -> Any:
    if has_classes:
        if kind == LINEAR:
            return LogisticRegression(max_iter=ENOUGH)
        return MLPClassifier(max_iter=ENOUGH, random_state=seed)
    if kind == LINEAR:
        return LinearRegression()
    network = MLPRegressor(max_iter=ENOUGH, random_state=seed)
    return TransformedTargetRegressor(network, transformer=StandardScaler())


def _is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column)


def _is_date(column: pd.Series) -> bool:
    return _is_text(column) and all(DATE.match(str(cell)) for cell in column.dropna())


def _counts(column: pd.Series) -> bool:
    return bool(np.array_equal(column, np.arange(len(column))))
