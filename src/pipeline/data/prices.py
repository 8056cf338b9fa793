"""Daily prices: four features of a day, and the adjusted close some rows later."""

import math
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.examples import Examples
from pipeline.data.tables import numbers, read_table, require_columns
from pipeline.errors import DataError
from pipeline.settings.data import PricesData

PRICE_COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")
PRICE_FEATURES = ("adj_close", "high_low_percent", "change_percent", "volume")


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
        feature_names=PRICE_FEATURES,
        target=f"adj_close_in_{horizon}_rows",
        index=dates[:-horizon],
        index_name="date",
        latest_features=features[-horizon:],
        latest_index=dates[-horizon:],
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
