"""Examples from a function of the user's own; what it must return is in docs/extending.md."""

import inspect
import math

import numpy as np
import pandas as pd

from pipeline.custom import function as user_function
from pipeline.data.examples import Examples, checked, element_names
from pipeline.data.missing import complete
from pipeline.errors import DataError, listing
from pipeline.settings.data import CustomData

REMEDY = "fill them or drop their rows in the function"


def custom(settings: CustomData) -> Examples:
    """Call `function(path, **options)`, which returns `Examples`, or features and target.

    Features are a DataFrame or an array `[rows, …]`, the target is a Series or an array `[rows]`;
    such a pair is a regression. What is raised inside the function keeps its traceback.

    Raises:
        ConfigError: there is no such module or function.
        DataError: the function cannot take the options, or returns something else.
    """
    where = f"data._target_={settings.target}"
    function = user_function(settings.target)
    try:
        inspect.signature(function).bind(settings.path, **settings.options)
    except TypeError as error:
        raise DataError(f"{where} cannot take the path and data.options: {error}") from None
    match function(settings.path, **settings.options):
        case Examples() as examples:
            return checked(examples, where)
        case (pd.DataFrame() | np.ndarray() as features, pd.Series() | np.ndarray() as target):
            return checked(_regression(features, target, where), where)
        case other:
            raise DataError(
                f"{where} returned {type(other).__name__}; return pipeline.data.sources.Examples,"
                " or a tuple of features (DataFrame or array) and target (Series or array)"
            )


def _regression(
    features: pd.DataFrame | np.ndarray, target: pd.Series | np.ndarray, where: str
) -> Examples:
    """Make a regression of features `[rows, …]` and target `[rows]` or `[rows, 1]`."""
    shape: tuple[int, ...] = ()
    if isinstance(features, np.ndarray):
        features = np.atleast_1d(features)
        shape = features.shape[1:]
        flat = features.reshape(len(features), math.prod(shape))
        features = pd.DataFrame(flat, columns=list(element_names("x", shape)))
    features = features.set_axis(features.columns.map(str), axis=1)
    doubles = features.columns[features.columns.duplicated()].unique()
    if len(doubles):
        raise DataError(f"{where} returned two columns {listing(doubles)}; rename them")
    given_name = target.name if isinstance(target, pd.Series) else None
    name = "target" if given_name is None else str(given_name)
    label = np.asarray(target)
    if label.shape not in ((len(features),), (len(features), 1)):
        raise DataError(
            f"{where} returned {len(features)} rows of features and a target of shape"
            f" {list(label.shape)}; give one number a row"
        )
    names = list(features.columns)
    return Examples(
        features=complete(features, names, where, REMEDY),
        label=complete(pd.DataFrame({name: label.ravel()}), [name], where, REMEDY),
        feature_names=tuple(names),
        target=name,
        shape=shape,
    )
