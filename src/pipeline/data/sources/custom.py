"""Examples from a function of the user's own; docs/extending.md says what it must return."""

import inspect
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.data.examples import PARTS, Examples, name_elements, source
from pipeline.data.missing_values import read_complete_numbers
from pipeline.data.prepared.tasks import TASKS
from pipeline.errors import DataError, listing
from pipeline.schema.data import CustomData
from pipeline.workspace import Workspace, user_code

REMEDY = "fill them or drop their rows in the function"
REMEDY_OF_EXAMPLES = "change what the function returns; docs/extending.md says what it may be"


@source("custom")
def call_user_function(settings: CustomData, workspace: Workspace) -> Examples:
    """Call `function(path, **options)`, which returns `Examples`, or features and target.

    Features are a DataFrame or an array `[rows, …]`, the target is a Series or an array `[rows]`;
    such a pair is a regression. Errors raised inside the function keep their traceback.

    Raises:
        ConfigError: The module or function does not exist.
        DataError: The function does not accept the options, or returns something else.
    """
    where = f"data._target_={settings.target}"
    function = user_code.function(settings.target, workspace)
    path = str(workspace.path(settings.path))
    try:
        inspect.signature(function).bind(path, **settings.options)
    except TypeError as error:
        raise DataError(
            f"{where} does not accept the path and data.options: {error}; change data.options, or"
            " the parameters of the function"
        ) from None
    match function(path, **settings.options):
        case Examples() as examples:
            return _validate(examples, where)
        case (pd.DataFrame() | np.ndarray() as features, pd.Series() | np.ndarray() as target):
            return _validate(_to_regression(features, target, where), where)
        case other:
            raise DataError(
                f"{where} returned {type(other).__name__}; return pipeline.data.sources.Examples,"
                " or a tuple of features (DataFrame or array) and target (Series or array)"
            )


def _to_regression(
    features: pd.DataFrame | np.ndarray, target: pd.Series | np.ndarray, where: str
) -> Examples:
    """Return examples of features `[rows, …]` and a target `[rows]` or `[rows, 1]`."""
    shape: tuple[int, ...] = ()
    if isinstance(features, np.ndarray):
        features = np.atleast_1d(features)
        shape = features.shape[1:]
        flat = features.reshape(len(features), math.prod(shape))
        features = pd.DataFrame(flat, columns=list(name_elements("x", shape)))
    features = features.set_axis(features.columns.map(str), axis=1)
    repeated = features.columns[features.columns.duplicated()].unique()
    if len(repeated):
        raise DataError(f"{where} returned two columns {listing(repeated)}; rename them")
    name = getattr(target, "name", None)
    name = "target" if name is None else str(name)
    label = np.asarray(target)
    if label.shape not in ((len(features),), (len(features), 1)):
        raise DataError(
            f"{where} returned {len(features)} rows of features and a target of shape"
            f" {list(label.shape)}; give one number for each row"
        )
    names, labels = list(features.columns), pd.DataFrame({name: label.ravel()})
    return Examples(
        features=read_complete_numbers(features, names, where, REMEDY),
        label=read_complete_numbers(labels, [name], where, REMEDY),
        feature_names=tuple(names),
        target=name,
        shape=shape,
    )


def _validate(examples: Examples, where: str) -> Examples:
    """Return consistent examples with plain tuples; the error names all that does not fit."""
    problems = [*_array_problems(examples)]
    problems = problems or [*_name_problems(examples), *_task_problems(examples)]
    if problems:
        lines = [f"{where} returned examples that do not fit:", *problems]
        raise DataError("\n  ".join(lines) + f";\n  {REMEDY_OF_EXAMPLES}")
    return replace(
        examples,
        feature_names=tuple(map(str, examples.feature_names)),
        classes=tuple(map(str, examples.classes)),
        shape=tuple(map(int, examples.shape)),
    )


def _array_problems(examples: Examples) -> Iterator[str]:
    features = np.asarray(examples.features)
    if features.ndim != 2 or not features.size:
        yield f"features must be [rows, columns], not {list(features.shape)}"
        return
    rows, columns = features.shape
    latest = 0 if examples.latest_index is None else len(examples.latest_index)
    shapes: dict[str, tuple[int, ...]] = {"features": (rows, columns), "label": (rows, 1)}
    shapes |= {"part": (rows,), "index": (rows,), "times": (rows,), "weight": (rows,)}
    shapes |= {"latest_features": (latest, columns), "latest_index": (latest,)}
    for name, shape in shapes.items():
        array, is_numeric = getattr(examples, name), len(shape) == 2 or name == "weight"
        if array is None and name not in ("features", "label"):
            continue
        if not isinstance(array, np.ndarray):
            yield f"{name} must be a numpy array, not {type(array).__name__}"
        elif array.shape != shape:
            yield f"{name} must be {list(shape)}, not {list(array.shape)}"
        elif is_numeric and array.dtype.kind not in "iuf":
            yield f"{name} must hold numbers, not {array.dtype}"
        elif is_numeric and not np.isfinite(array).all():
            yield f"{name} is NaN or infinite in row {_first_row(~np.isfinite(array))}"
        elif array.dtype.hasobject:
            yield f"{name} holds objects; convert them to numbers, text or dates"


def _name_problems(examples: Examples) -> Iterator[str]:
    columns, names = examples.features.shape[1], examples.feature_names
    if len(names) != columns or len(set(names)) != columns:
        yield (
            f"feature_names must be {columns} different names, one for each column, not"
            f" {len(names)}: {listing(names)}"
        )
    if examples.today is not None and examples.today not in names:
        yield f"today must be the name of a feature or None, not {examples.today!r}"
    weight, part = examples.weight, examples.part
    if weight is not None and (weight < 0).any():
        yield f"weight must be 0 or more, and is not in row {_first_row(weight < 0)}"
    if part is not None and (wrong := ~np.isin(part, PARTS)).any():
        row = _first_row(wrong)
        yield f"part must be one of {', '.join(PARTS)}, not {part[row - 1]} as in row {row}"


def _task_problems(examples: Examples) -> Iterator[str]:
    columns = examples.features.shape[1]
    if examples.shape and math.prod(examples.shape) != columns:
        yield f"shape {examples.shape} must have {columns} elements, one for each column"
    if examples.task not in TASKS:
        yield f"task must be one of {', '.join(TASKS)}, not {examples.task!r}"
        return
    task = examples.kind
    if task.has_class_names and len(set(examples.classes)) < 2:
        yield f"classes must be at least two names, not {examples.classes}"
    if task.has_pairs and (not examples.shape or examples.shape[0] != 2):
        yield f"shape of a pair must begin with 2, not be {examples.shape}"
    if task.labels_are_classes:
        count = len(examples.classes) if task.has_class_names else 2
        label = examples.label[:][:, 0]
        if (wrong := ~np.isin(label, range(count))).any():
            row = _first_row(wrong)
            yield f"label must be one of 0 to {count - 1}, not {label[row - 1]:g} as in row {row}"


def _first_row(wrong: np.ndarray) -> int:
    """Return the first row, from 1, of `[rows]` or `[rows, columns]` with a true cell."""
    return int(np.flatnonzero(wrong.reshape(len(wrong), -1).any(1))[0]) + 1
