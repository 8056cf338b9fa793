"""How much each row counts: `data.weight`, a column, and `data.class_weight`, a number a class.

The loss of a step is the mean of the losses of its rows, each times its weight. The weights of all
training rows have the mean 1, so that a weight changes no learning rate, and equal weights change
nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.data.classes import class_numbers
from pipeline.data.examples import Examples
from pipeline.errors import ConfigError, DataError, listing, nearest


def weigh_training_rows(
    examples: Examples,
    splits: Mapping[str, np.ndarray],
    setting: str | Mapping[str, float] | None,
) -> tuple[np.ndarray | None, tuple[float, ...] | None]:
    """Return the weight of each training row, `[rows] float32`, and those of the classes.

    Each is None where there are none.

    Args:
        splits: the numbers of the rows of each split.
        setting: `data.class_weight`.

    Raises:
        ConfigError: The task has no classes, or takes no weights.
        DataError: All rows of a split weigh nothing.
    """
    given, train = examples.weight, splits["train"]
    if given is None and setting is None:
        return None, None
    if given is not None:
        _require_weight_in_splits(given, splits)
    if not examples.kind.is_of_tables:
        raise ConfigError(f"the task {examples.task} takes no weights; leave them out")
    weights = None if given is None else given[train]
    if setting is None:
        return weigh_rows(weights), None
    if not examples.kind.has_class_names:
        raise ConfigError(
            f"data.class_weight={setting}: {' and '.join(map(repr, examples.targets))} is a number,"
            " and has no classes; leave it out, or set data.task=classification"
        )
    numbers = class_numbers(examples)[train]
    of_classes = compute_class_weights(setting, numbers, examples.classes, weights)
    return weigh_rows(weights, of_classes, numbers), tuple(of_classes.tolist())


def _require_weight_in_splits(weights: np.ndarray, splits: Mapping[str, np.ndarray]) -> None:
    for name, rows in splits.items():
        if len(rows) and not weights[rows].any():
            raise DataError(
                f"data.weight is 0 in all {len(rows):,} {name} rows; give one of them a weight"
                " above 0, or choose another data.split"
            )


def require_weights(values: np.ndarray, rows: np.ndarray, name: str, path: Path) -> None:
    """Refuse weights that are negative, and weights that are all 0.

    Args:
        values: `[rows] float64`, finite.
        rows: `[rows]`, their numbers in the table, from 0.
        name: of the column.

    Raises:
        DataError: The message names the column and the row.
    """
    negative = np.flatnonzero(values < 0)
    if len(negative):
        first = negative[0]
        raise DataError(
            f"{path}: column {name!r} of data.weight has {values[first]:g} in row"
            f" {rows[first] + 1}; give a number of 0 or more, where 0 leaves the row out"
        )
    if not values.any():
        raise DataError(
            f"{path}: column {name!r} of data.weight is 0 in all {len(values):,} rows; give one row"
            " a weight above 0, or leave out data.weight"
        )


def compute_class_weights(
    setting: str | Mapping[str, float],
    numbers: np.ndarray,
    classes: Sequence[str],
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return the weight of each class, `[classes] float64`.

    `balanced` gives all classes the same sum of weights, as in scikit-learn. A class that a mapping
    does not name has the weight 1.

    Args:
        setting: `data.class_weight`.
        numbers: `[rows]`, the classes of the training rows, each with a row.
        weights: `[rows]`, those of `data.weight`, or None.

    Raises:
        ConfigError: A mapping names a class that does not exist.
        DataError: The rows of a class have no weight to balance.
    """
    if not isinstance(setting, str):
        given = {str(name): weight for name, weight in setting.items()}
        unknown = [name for name in given if name not in classes]
        if unknown:
            raise ConfigError(
                f"data.class_weight names {unknown[0]!r}, and there is no such class; there are"
                f" {listing(classes, 12)}{nearest(unknown[0], classes)}"
            )
        return np.array([given.get(name, 1.0) for name in classes], np.float64)
    sums = np.bincount(numbers, weights, minlength=len(classes)).astype(np.float64)
    if not sums.all():
        empty = [name for name, total in zip(classes, sums, strict=True) if total == 0]
        raise DataError(
            f"data.class_weight=balanced needs training rows of each class with a weight above 0,"
            f" and there are none of {listing(empty, 12)}; give them rows or weights, or leave"
            " these classes out"
        )
    return np.asarray(sums.sum() / (len(classes) * sums))


def weigh_rows(
    weights: np.ndarray | None,
    class_weights: np.ndarray | None = None,
    numbers: np.ndarray | None = None,
) -> np.ndarray:
    """Return the weight of each training row, `[rows] float32`, whose mean is 1.

    Args:
        weights: `[rows]`, those of `data.weight`, or None.
        class_weights: `[classes]`, those of `data.class_weight`, or None.
        numbers: `[rows]`, the classes of the rows, where classes have weights.

    Raises:
        DataError: All rows together have no weight.
    """
    total: np.ndarray | float = 1.0 if weights is None else weights.astype(np.float64)
    if class_weights is not None and numbers is not None:
        total = total * class_weights[numbers]
    total = np.asarray(total)
    mean = total.mean()
    if not 0 < mean < np.inf:
        raise DataError(
            "data.weight and data.class_weight give all training rows together a weight of"
            f" {mean:g}; give a training row a weight above 0"
        )
    return np.asarray((total / mean).astype(np.float32))
