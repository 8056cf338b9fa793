"""How the lagged columns of a model are made from a table that is ordered by date.

`pipeline.data.lags` makes them. This is what of it travels with the model.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lag:
    """A column that is made of an earlier one.

    Attributes:
        column: whose earlier values it has.
        kind: `lag` is the value `rows` rows before; others, such as `mean`, are of the `rows` rows
            before.
        rows: 1 or more.
    """

    column: str
    kind: str
    rows: int

    @property
    def name(self) -> str:
        """The name of the column, such as `price_lag_1` or `price_mean_7`."""
        return f"{self.column}_{self.kind}_{self.rows}"


@dataclass(frozen=True)
class Series:
    """The lagged columns of a model, and the columns that order a table.

    Attributes:
        lags: those that are features.
        date_column, date_format: as `data.date_column` and `data.date_format`.
        group: `data.group`, which tells the series of a panel apart, or None.
    """

    lags: tuple[Lag, ...]
    date_column: str
    date_format: str | None = None
    group: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that lags are made of."""
        return tuple(dict.fromkeys(lag.column for lag in self.lags))


def parse_series(values: dict[str, Any] | None) -> Series | None:
    """Return the series from the JSON values of `asdict`; None if there are none.

    Raises:
        LookupError, TypeError: the values are damaged.
    """
    if values is None:
        return None
    return Series(**values | {"lags": tuple(Lag(**lag) for lag in values["lags"])})
