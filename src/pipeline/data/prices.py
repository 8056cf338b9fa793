"""Daily prices: four features of a day, and the adjusted close some rows later."""

import math
from pathlib import Path

import numpy as np

from pipeline.data.cells import Numbers, require_columns
from pipeline.data.dates import read_dates, require_ascending, shortest
from pipeline.data.examples import Examples
from pipeline.data.missing import require_kept
from pipeline.data.places import Places
from pipeline.data.tables import read_table
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
    require_columns(list(table.columns), ("date", *PRICE_COLUMNS), path)
    days = shortest(read_dates(table["date"], path))
    numbers = Numbers(PRICE_COLUMNS)
    values = numbers.read(table)
    numbers.require(PRICE_COLUMNS, path)
    undated = Places()
    undated.add(np.isnat(days))
    kept = ~np.isnat(days) & np.isfinite(values).all(1)
    gaps = {"date": undated, **numbers.gaps}
    rows = np.flatnonzero(require_kept(gaps, kept, (), settings.missing, path))
    dates = days[rows]
    require_ascending(dates, rows, path)
    features = derived(values[rows], rows, path)
    adjusted = features[:, PRICE_FEATURES.index("adj_close")]
    horizon = math.ceil(settings.horizon_share * len(rows))
    if horizon >= len(rows):
        raise DataError(
            f"{path} has {len(rows)} {'row' if len(rows) == 1 else 'rows'}, and the target lies"
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


def derived(values: np.ndarray, rows: np.ndarray, path: Path) -> np.ndarray:
    """Derive the tutorial's four features from raw prices, `[rows, 4] float64`.

    Adjusted close; high-low range in percent of the close; daily change in percent of the open;
    volume.

    Args:
        values: of the `PRICE_COLUMNS`.
        rows: the number, from 0, of each row.

    Raises:
        DataError: an open or close is not positive.
    """
    opened, high, low, close, adjusted, volume = values.T
    for name, column in (("open", opened), ("close", close)):
        if (column <= 0).any():
            row = rows[np.flatnonzero(column <= 0)[0]] + 1
            raise DataError(
                f"{path}: column {name!r} is not positive in row {row}; mend or drop the row"
            )
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused later
        return np.column_stack(
            [adjusted, (high - low) / close * 100, (close - opened) / opened * 100, volume]
        )
