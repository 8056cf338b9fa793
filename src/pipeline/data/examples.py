"""Examples: what every source returns, before they are split, narrowed and scaled."""

import math
from dataclasses import dataclass, replace

import numpy as np

from pipeline.data.stored import Rows
from pipeline.errors import DataError, listing

TASKS = ("regression", "classification", "similarity", "minimization")
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Examples:
    """Rows to learn from, in the order of the source, and rows to forecast.

    Attributes:
        features: `[rows, columns]`, finite numbers in their own units, one flat row an example;
            NaN where a value is missing that `fill` is to fill. An array, or rows on disk.
        label: `[rows, 1]`, in the target's own unit; the number of the class, 0 to K - 1, in a
            classification; 1 for two of a kind, else 0, in a similarity.
        feature_names: one for each column of `features`.
        target: what the label is called.
        task: `regression`, `classification`, `similarity` (do both halves of an example belong
            together?) or `minimization` (of the output itself; the label says nothing).
        classes: the K names of the classes.
        shape: of one example, such as (8, 8, 1) for an image; () means (columns,).
        part: `[rows]`, `train`, `validation` or `test` for each row; for data.split=given.
        index: `[rows]`, what names a row; None: its number from 1.
        index_name: what the index is: `date`, `row`, …
        latest_features: `[latest, columns]`, rows whose label is not known yet; None: no rows.
        latest_index: `[latest]`, what names them.
        today: the feature that holds the target's present value, for the persistence baseline;
            None where there is no such thing.
        horizon: how many rows ahead the label lies; 0 where it is not a forecast.
        fill: `mean` or `median` of the training rows in place of NaN; None: nothing is missing.
    """

    features: Rows
    label: Rows
    feature_names: tuple[str, ...]
    target: str
    task: str = "regression"
    classes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    part: np.ndarray | None = None
    index: np.ndarray | None = None
    index_name: str = "row"
    latest_features: np.ndarray | None = None
    latest_index: np.ndarray | None = None
    today: str | None = None
    horizon: int = 0
    fill: str | None = None


def element_names(prefix: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Name the elements of an array by their place, such as `pixel_0_7`, last place fastest."""
    return tuple("_".join([prefix, *map(str, place)]) for place in np.ndindex(*shape))


def checked(examples: Examples, where: str) -> Examples:
    """Return examples from the user's own code, with plain tuples, if all fits together.

    Raises:
        DataError: naming every attribute that does not fit.
    """
    troubles = _misshapen(examples) or _unfit(examples)
    if troubles:
        raise DataError("\n  ".join([f"{where} returned examples that do not fit:", *troubles]))
    return replace(
        examples,
        feature_names=tuple(map(str, examples.feature_names)),
        classes=tuple(map(str, examples.classes)),
        shape=tuple(map(int, examples.shape)),
    )


def _misshapen(examples: Examples) -> list[str]:
    """Say which arrays are none, hold no numbers, or have another shape than the others."""
    features = np.asarray(examples.features)
    if features.ndim != 2 or not features.size:
        return [f"features must be [rows, columns], not {list(features.shape)}"]
    rows, columns = features.shape
    latest = 0 if examples.latest_index is None else len(examples.latest_index)
    expected = {
        "features": (rows, columns),
        "label": (rows, 1),
        "part": (rows,),
        "index": (rows,),
        "latest_features": (latest, columns),
        "latest_index": (latest,),
    }
    troubles = []
    for name, shape in expected.items():
        array = getattr(examples, name)
        numeric = name in ("features", "label", "latest_features")
        if array is None and name not in ("features", "label"):
            continue
        if not isinstance(array, np.ndarray):
            troubles.append(f"{name} must be a numpy array, not {type(array).__name__}")
        elif array.shape != shape:
            troubles.append(f"{name} must be {list(shape)}, not {list(array.shape)}")
        elif numeric and array.dtype.kind not in "iuf":
            troubles.append(f"{name} must hold numbers, not {array.dtype}")
        elif numeric and not np.isfinite(array).all():
            troubles.append(f"{name} is NaN or infinite in row {_first(~np.isfinite(array))}")
        elif array.dtype.hasobject:
            troubles.append(f"{name} holds objects; make them numbers, text or dates")
    return troubles


def _unfit(examples: Examples) -> list[str]:
    """Say which names, classes, parts and labels contradict the arrays."""
    columns = examples.features.shape[1]
    label = examples.label[:][:, 0]
    known = {"classification": range(len(examples.classes)), "similarity": range(2)}
    troubles = []
    if len(examples.feature_names) != columns or len(set(examples.feature_names)) != columns:
        troubles.append(
            f"feature_names must be {columns} different names, one a column, not"
            f" {len(examples.feature_names)}: {listing(examples.feature_names)}"
        )
    if examples.task not in TASKS:
        troubles.append(f"task must be one of {', '.join(TASKS)}, not {examples.task!r}")
    if examples.task == "classification" and len(set(examples.classes)) < 2:
        troubles.append(f"classes must be two names at least, not {examples.classes}")
    if examples.task in known and not np.isin(label, known[examples.task]).all():
        row = _first(~np.isin(label, known[examples.task]))
        troubles.append(
            f"label must be one of 0 to {len(known[examples.task]) - 1}, not"
            f" {label[row - 1]:g} as in row {row}"
        )
    if examples.shape and math.prod(examples.shape) != columns:
        troubles.append(f"shape {examples.shape} must have {columns} elements, one a column")
    if examples.task == "similarity" and (not examples.shape or examples.shape[0] != 2):
        troubles.append(f"shape of a pair must begin with 2, not be {examples.shape}")
    if examples.today is not None and examples.today not in examples.feature_names:
        troubles.append(f"today must be a name of a feature or None, not {examples.today!r}")
    if examples.part is not None and not np.isin(examples.part, PARTS).all():
        row = _first(~np.isin(examples.part, PARTS))
        troubles.append(
            f"part must be one of {', '.join(PARTS)}, not {examples.part[row - 1]} as in row {row}"
        )
    return troubles


def _first(wrong: np.ndarray) -> int:
    """Return the first row, from 1, of `[rows]` or `[rows, columns]` with a true cell."""
    return int(np.flatnonzero(wrong.reshape(len(wrong), -1).any(1))[0]) + 1
