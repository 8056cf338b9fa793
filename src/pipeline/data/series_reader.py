"""The lagged columns of a table that is read in pieces, for `prepare` and for `predict`."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.dates import parse_dates
from pipeline.data.lags import LagsOfPieces, choose_rows_with_past, list_lags, require_new_names
from pipeline.data.number_parsing import find_missing
from pipeline.data.numeric_columns import RowNumbers
from pipeline.data.panels import DatesOfPieces
from pipeline.data.prepared.series import Series
from pipeline.errors import ConfigError
from pipeline.schema.data import TableData


def choose_series(
    settings: TableData, columns: Collection[str], path: Path
) -> "SeriesReader | None":
    """Return what makes the columns of `data.lags`; None where there are none.

    Raises:
        ConfigError: `data.lags` or `data.group` are given without a column of dates.
        DataError: the table has a lagged column already.
    """
    for key in ("lags", "group"):
        if getattr(settings, key) is not None and settings.date_column is None:
            raise ConfigError(
                f"data.{key} needs the order of time; name the column of dates:"
                " data.date_column=COLUMN"
            )
    if settings.lags is None or settings.date_column is None:
        return None
    lags = list_lags(settings.lags)
    require_new_names(lags, columns, path)
    date_format = settings.date_format
    return SeriesReader(Series(lags, settings.date_column, date_format, settings.group), path)


class SeriesReader:
    """Makes lagged columns, and refuses dates that do not ascend.

    A row without a date or a group is in no series.

    Attributes:
        series: what is made, and of what.
        names: of the lagged columns.
        columns: those that they are made of.
        missing: rows with enough rows before them whose lagged value is missing, by column; also
            rows without a date or a group.
    """

    def __init__(self, series: Series, path: Path) -> None:
        self.series, self._path = series, path
        self.names, self.columns = [lag.name for lag in series.lags], series.columns
        self._by = [name for name in (series.date_column, series.group) if name is not None]
        self.missing = {name: RowNumbers() for name in [*self.names, *self._by]}
        self._dates = DatesOfPieces(path)
        self._lags = LagsOfPieces(series.columns, series.lags)
        self._enough: list[np.ndarray] = []
        self._groups: list[np.ndarray] | None = [] if series.group is not None else None

    def read(
        self, piece: pd.DataFrame, values: np.ndarray, before: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Make the lagged columns of the next rows.

        Args:
            values: `[rows, columns] float64`, NaN for a gap.
            before: number of rows before these.

        Returns:
            `[rows, names] float64`; `[rows] bool`, whether a row has enough rows before it.

        Raises:
            DataError: A cell is not a date, or dates do not ascend.
        """
        series, complete = self.series, np.ones(len(piece), bool)
        for name in self._by:
            is_missing = find_missing(piece[name])
            self.missing[name].add(is_missing, before)
            complete &= ~is_missing
        rows = np.flatnonzero(complete)
        dated = parse_dates(piece[series.date_column], self._path, before, series.date_format)
        groups = None if series.group is None else piece[series.group].to_numpy(object)[rows]
        self._dates.add(dated.utc[rows], groups, rows + before)
        made, enough = np.full((len(piece), len(self.names)), np.nan), np.zeros(len(piece), bool)
        made[rows], enough[rows] = self._lags.make(values[rows], groups)
        for name, column in zip(self.names, made.T, strict=True):
            self.missing[name].add(np.isnan(column) & enough, before)
        self._remember(enough, groups)
        return made, enough

    def rows_with_past(self) -> np.ndarray:
        """Return whether each row has enough rows before it, `[rows] bool`; log how many have not.

        Raises:
            DataError: No row has.
        """
        groups = None if self._groups is None else np.concatenate([np.empty(0), *self._groups])
        enough = np.concatenate(self._enough)
        return choose_rows_with_past(enough, groups, self.series.lags, self._path)

    def _remember(self, enough: np.ndarray, groups: np.ndarray | None) -> None:
        """Keep which rows have enough past; groups are counted only where no row has."""
        self._enough.append(enough)
        if self._groups is not None and groups is not None:
            self._groups.append(groups)
            if enough.any():
                self._groups = []
