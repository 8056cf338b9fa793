"""Daily prices: four features of a day, and the adjusted close some rows later."""

import math
from pathlib import Path

import numpy as np

from pipeline.data.dates import parse_dates, require_ascending
from pipeline.data.examples import DERIVATIONS, Derivation, Examples, source
from pipeline.data.missing_values import choose_rows
from pipeline.data.numeric_columns import NumericColumns, RowNumbers, require_columns
from pipeline.data.tables import read_table
from pipeline.errors import DataError
from pipeline.schema.data import PricesData
from pipeline.workspace import Workspace

PRICE_COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")
PRICE_FEATURES = ("adj_close", "high_low_percent", "change_percent", "volume")


@source("sp500")
def read_prices(settings: PricesData, workspace: Workspace) -> Examples:
    """Read four features of a day and the adjusted close `horizon` rows later.

    The horizon is `horizon_share` of the rows, rounded up. The last `horizon` rows have no label
    yet and are kept for the forecast.
    """
    path = workspace.path(settings.path)
    table = read_table(path)
    require_columns(list(table.columns), ("date", *PRICE_COLUMNS), path)
    dates = parse_dates(table["date"], path)
    numeric = NumericColumns(PRICE_COLUMNS)
    values = numeric.read(table)
    numeric.require_numbers(PRICE_COLUMNS, path)
    missing = {"date": RowNumbers(), **numeric.missing}
    missing["date"].add(dates.missing)
    complete = ~dates.missing & np.isfinite(values).all(1)
    rows = np.flatnonzero(choose_rows(missing, complete, (), settings.missing, path))
    dates = dates.select(rows)
    require_ascending(dates, rows, path)
    index = dates.names()
    features = derive_features(values[rows], rows, path)
    adjusted = features[:, PRICE_FEATURES.index("adj_close")]
    horizon = math.ceil(settings.horizon_share * len(rows))
    if horizon >= len(rows):
        raise DataError(
            f"{path} has {len(rows)} {'row' if len(rows) == 1 else 'rows'}, and the target lies"
            f" {horizon} ahead; give more rows or a smaller data.horizon_share"
        )
    return Examples(
        features=features[:-horizon],
        label=adjusted[horizon:, None],
        feature_names=PRICE_FEATURES,
        target=f"adj_close_in_{horizon}_rows",
        index=index[:-horizon],
        index_name="date",
        latest_features=features[-horizon:],
        latest_index=index[-horizon:],
        today="adj_close",
        horizon=horizon,
    )


def derive_features(values: np.ndarray, rows: np.ndarray, path: Path) -> np.ndarray:
    """Derive the four `PRICE_FEATURES`, `[rows, 4]`, from the `PRICE_COLUMNS`, `[rows, 6]`.

    The range is in percent of the close, the change in percent of the open.

    Raises:
        DataError: An open or close is not positive.
    """
    opened, high, low, close, adjusted, volume = values.T
    for name, column in (("open", opened), ("close", close)):
        if (column <= 0).any():
            row = rows[(column <= 0).argmax()] + 1
            raise DataError(
                f"{path}: column {name!r} is not positive in row {row}; fix or drop the row"
            )
    with np.errstate(over="ignore"):  # values beyond float32 are refused later
        span, change = (high - low) / close * 100, (close - opened) / opened * 100
    return np.column_stack([adjusted, span, change, volume])


DERIVATIONS["sp500"] = Derivation(PRICE_COLUMNS, derive_features)
