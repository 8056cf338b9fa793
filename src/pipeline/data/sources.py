"""Where examples come from: one function for each source of `conf/data`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.data.tables import narrowed, numbers, parsed, read_table, require_columns
from pipeline.errors import DataError, listing
from pipeline.settings import PricesData, Settings, TableData

PRICE_COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")
PRICE_FEATURES = ("adj_close", "high_low_percent", "change_percent", "volume")


@dataclass(frozen=True)
class Examples:
    """Rows to learn from, in the order of the source, and rows to forecast.

    Attributes:
        features: `[rows, features] float64`, in their own units.
        label: `[rows, 1] float64`, in the target's own unit.
        index: `[rows]`, what names a row: dates as `datetime64[D]`, or row numbers from 1.
        latest_features: `[latest, features] float64`, rows whose label is not known yet.
        latest_index: `[latest]`, what names them.
        feature_names: one for each column of `features`.
        target: what the label is called.
        index_name: `date` or `row`.
        today: the feature that holds the target's present value, for the persistence baseline;
            None where there is no such thing.
        horizon: how many rows ahead the label lies; 0 where it is not a forecast.
    """

    features: np.ndarray
    label: np.ndarray
    index: np.ndarray
    latest_features: np.ndarray
    latest_index: np.ndarray
    feature_names: tuple[str, ...]
    target: str
    index_name: str
    today: str | None
    horizon: int


def prices(settings: PricesData) -> Examples:
    """Four features of a day and the adjusted close `horizon` rows later.

    The horizon is `horizon_share` of the rows, rounded up; the last `horizon` rows have no label
    yet and are kept for the forecast.
    """
    path = Path(settings.path)
    table = read_table(path)
    require_columns(table, ("date", *PRICE_COLUMNS), path)
    dates = _dates(table["date"], path)
    features = price_features(table, path)
    adjusted = features[:, PRICE_FEATURES.index("adj_close")]
    horizon = math.ceil(settings.horizon_share * len(table))
    if horizon >= len(table):
        raise DataError(
            f"{path} has {len(table)} {'row' if len(table) == 1 else 'rows'}, and the target lies"
            f" {horizon} ahead; more rows or a smaller data.horizon_share are needed"
        )
    return Examples(
        features=features[:-horizon],
        label=adjusted[horizon:, None],
        index=dates[:-horizon],
        latest_features=features[-horizon:],
        latest_index=dates[-horizon:],
        feature_names=PRICE_FEATURES,
        target=f"adj_close_in_{horizon}_rows",
        index_name="date",
        today="adj_close",
        horizon=horizon,
    )


def price_features(table: pd.DataFrame, path: Path) -> np.ndarray:
    """Derive the tutorial's four features from raw prices, `[rows, 4] float64`.

    Adjusted close; high-low range in percent of the close; daily change in percent of the open;
    volume.
    """
    opened, high, low, close, adjusted, volume = numbers(table, PRICE_COLUMNS, path).T
    for name, values in (("open", opened), ("close", close)):
        if (values <= 0).any():
            row = int(np.flatnonzero(values <= 0)[0]) + 1
            raise DataError(f"{path}: column {name!r} is not positive in row {row}")
    return np.column_stack(
        [adjusted, (high - low) / close * 100, (close - opened) / opened * 100, volume]
    )


def table(settings: TableData) -> Examples:
    """The user's own table: a target column, and the features that he names or all numeric ones."""
    path = Path(settings.path)
    frame = read_table(path)
    require_columns(frame, [settings.target], path)
    names = settings.features
    if names is None:
        names = _numeric_columns(frame, settings.target, path)
    elif settings.target in names:
        raise DataError(f"data.features holds the target {settings.target!r}; leave it out")
    elif len(set(names)) < len(names):
        raise DataError(f"data.features names a column twice: {', '.join(names)}")
    values = numbers(frame, [*names, settings.target], path)
    return Examples(
        features=values[:, :-1],
        label=values[:, -1:],
        index=np.arange(1, len(frame) + 1),
        latest_features=np.empty((0, len(names))),
        latest_index=np.empty(0, np.int64),
        feature_names=tuple(names),
        target=settings.target,
        index_name="row",
        today=None,
        horizon=0,
    )


def _numeric_columns(frame: pd.DataFrame, target: str, path: Path) -> list[str]:
    """Return the columns of numbers, the target left out, and say which are none.

    A column with numbers and text is a damaged column of numbers, and `numbers` will refuse it.
    """
    found: list[str] = []
    left_out: list[str] = []
    for name in map(str, frame.columns.drop(target)):
        values, text = parsed(frame[name])
        is_flag = pd.api.types.is_bool_dtype(frame[name])
        (left_out if is_flag or (text.any() and np.isnan(values).all()) else found).append(name)
    if left_out:
        print(f"{path}: no numbers in {listing(left_out, 12)}: left out")
    if not found:
        raise DataError(f"{path} has no numeric column but the target {target!r}")
    return found


def features_of(table: pd.DataFrame, source: str, names: Sequence[str], path: Path) -> np.ndarray:
    """Return the features of a model from a table that has them, or what they derive from.

    Args:
        source: the kind of source the model was trained on.
        names: its features.

    Returns:
        `[rows, features] float32`.

    Raises:
        DataError: columns are missing or not numeric.
    """
    if source == "sp500" and not set(names) <= set(map(str, table.columns)):
        return narrowed(price_features(table, path), names)
    return narrowed(numbers(table, names, path), names)


SOURCES: dict[str, Callable[[Any], Examples]] = {"sp500": prices, "csv": table}


def read_examples(settings: Settings) -> Examples:
    """Read the examples of the source that the configuration names."""
    return SOURCES[settings.data.source](settings.data)


def _dates(cells: pd.Series, path: Path) -> np.ndarray:
    """Return ISO dates as `datetime64[D]`, in strictly ascending order."""
    days = pd.to_datetime(cells.map(str), format="ISO8601", errors="coerce", utc=True)
    wrong = np.flatnonzero(days.isna())
    if len(wrong):
        example = str(cells.iloc[wrong[0]])[:40]
        raise DataError(
            f"{path}: {example!r} in row {wrong[0] + 1} is no date; write dates as 1999-01-04"
        )
    dates: np.ndarray = days.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    back = np.flatnonzero(dates[1:] <= dates[:-1])
    if len(back):
        raise DataError(
            f"{path}: dates must ascend, but row {back[0] + 2} ({dates[back[0] + 1]}) follows"
            f" {dates[back[0]]}; sort the file by date and drop doubles"
        )
    return dates
