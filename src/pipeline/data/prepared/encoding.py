"""Encoding of raw columns as the numbers and codes that a network gets, here in NumPy.

`pipeline.graph.encoding` does the same in a graph, bit for bit. The encoding is fitted on the
training rows and is part of every form of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import farmhash
import numpy as np

from pipeline.data.prepared.scaling import Scaling

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DAY, EPOCH_WEEKDAY = 86_400, 3  # seconds; 1970-01-01 was a Thursday, and Monday is 0

# Cells of float64 that fit the cache of a processor's core, with what is computed from them.
CACHED_CELLS = 2**15

# The number of values of each calendar part of a date.
PARTS = {"month": 12, "weekday": 7, "hour": 24}


@dataclass(frozen=True)
class TextColumn:
    """How the cells of a text column become codes from 0.

    Code 0 is a text that was not among the training rows. Where cells are hashed, it is an empty
    cell, and each other text has the code of its bucket.

    Attributes:
        levels: the texts that are compared with, in the order of their codes from 1; an empty text
            stands for a missing cell.
        buckets: number of buckets of a hashed column; 0 where cells are compared.
    """

    name: str
    levels: tuple[str, ...] = ()
    buckets: int = 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return the code of each text, `[texts] int32`."""
        if self.buckets:
            hashed = (
                1 + farmhash.fingerprint64(text) % self.buckets if text else 0 for text in texts
            )
            return np.fromiter(hashed, np.int32, len(texts))
        codes = {level: number for number, level in enumerate(self.levels, 1)}
        return np.array([codes.get(text, 0) for text in texts], np.int32)


@dataclass(frozen=True)
class Encoding:
    """How raw features and labels become what a network learns from.

    Attributes:
        scaling: of numbers and labels.
        fill: for each number, what replaces NaN; None where a gap is refused. Empty where nothing
            is filled.
        dates: the calendar parts of each column of dates, by its position among the numbers; dates
            are seconds since 1970-01-01 UTC.
        text: the text columns.
        date_format: how dates are written in a table, as `data.date_format`.
        na_values: cells of a table that count as empty, as `data.na_values`.
        dtype: of raw numbers, `float64` for tables, else `float32`; scaling is done in it.
    """

    scaling: Scaling
    fill: tuple[float | None, ...] = ()
    dates: dict[int, tuple[str, ...]] = field(default_factory=dict)
    text: tuple[TextColumn, ...] = ()
    date_format: str | None = None
    na_values: tuple[str, ...] = ()
    dtype: str = "float64"

    @property
    def parts(self) -> list[tuple[int, str]]:
        """The calendar parts, each as the position of its date and its name."""
        return [(column, part) for column, parts in self.dates.items() for part in parts]

    @property
    def depths(self) -> tuple[int, ...]:
        """The number of codes above 0 of each code column: text columns, then calendar parts."""
        text = (column.buckets or len(column.levels) for column in self.text)
        return (*text, *(PARTS[part] for _, part in self.parts))

    def fills(self) -> bool:
        """Tell whether a gap is filled in some column."""
        return any(value is not None for value in self.fill)

    def fill_values(self) -> np.ndarray:
        """Return what replaces NaN in each number, NaN where nothing does, `[numbers]`."""
        values = [np.nan if value is None else value for value in self.fill]
        return np.array(values, self.dtype)


def affine(
    mean: Sequence[float], scale: Sequence[float], dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and factor of `scaled = (raw - mean) * factor`, in the dtype of raw values."""
    # Not a division: a session's graph optimizer turns a division by a constant into this product,
    # eager execution does not, and the last bits would differ.
    return np.asarray(mean, dtype), np.asarray(1, dtype) / np.asarray(scale, dtype)


def encode_numbers(features: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Fill and scale raw numbers, `[rows, numbers]` → float32."""
    values = features.astype(encoding.dtype, copy=False)
    if encoding.fills():
        values = np.where(np.isnan(values), encoding.fill_values(), values)
    scaling = encoding.scaling
    mean, factor = affine(scaling.feature_mean, scaling.feature_scale, encoding.dtype)
    return _scale(values, mean, factor)


def encode_label(label: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Scale labels in their own dtype, `[rows, targets]` → float32."""
    dtype = label.dtype.name
    mean, factor = affine(encoding.scaling.label_mean, encoding.scaling.label_scale, dtype)
    return _scale(label, mean, factor)


def _scale(values: np.ndarray, mean: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Scale in the dtype of the values; as in TensorFlow, what float32 has no normal for is 0."""
    narrow = np.empty(values.shape, np.float32)
    size = max(1, CACHED_CELLS // max(1, values.shape[1]))
    for begin in range(0, len(values), size):
        scaled = values[begin : begin + size] - mean
        scaled *= factor
        part = narrow[begin : begin + size]
        part[:] = scaled
        part[np.abs(part) < np.finfo(np.float32).tiny] *= 0  # which keeps the sign
    return narrow


def decode_label(label: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Undo `encode_label` in float64."""
    scaling = encoding.scaling
    scale, mean = np.array(scaling.label_scale), np.array(scaling.label_mean)
    raw: np.ndarray = label.astype(np.float64) * scale + mean
    return raw


def encode_parts(features: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Return the codes of the calendar parts of dates, `[rows, parts] int32`; 0 for a gap."""
    codes = np.empty((len(features), len(encoding.parts)), np.int32)
    for number, (column, part) in enumerate(encoding.parts):
        seconds = features[:, column]
        known = np.isfinite(seconds)
        code = calendar_code(np.where(known, np.floor(seconds), 0).astype(np.int64), part)
        codes[:, number] = np.where(known, code, 0)
    return codes


def encode_codes(features: np.ndarray, text: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Return the codes of raw rows, `[rows, code columns] int32`."""
    return np.hstack([encode_text(text, encoding), encode_parts(features, encoding)])


def encode_text(text: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Return the codes of text cells, `[rows, columns] object` → int32."""
    codes = np.empty(text.shape, np.int32)
    for number, column in enumerate(encoding.text):
        found, positions = np.unique(text[:, number], return_inverse=True)
        codes[:, number] = column.encode(found.tolist())[positions]
    return codes


def one_hot(codes: np.ndarray, depths: Sequence[int]) -> "csr_array":
    """Return codes as columns, `[rows, sum of depths] float64`; code 0 is all zeros.

    Args:
        codes: `[rows, columns] int32`.
        depths: number of codes of each column, without 0.
    """
    from scipy import sparse

    first = np.cumsum([0, *depths])
    row, column = np.nonzero(codes)
    columns = (codes - 1 + first[:-1])[row, column]
    return sparse.csr_array((np.ones(len(row)), (row, columns)), (len(codes), int(first[-1])))


def calendar_code(seconds: Any, part: str) -> Any:
    """Return the code from 1 of a calendar part of seconds since 1970 UTC, an array or a tensor.

    Integers keep all bits equal. The month is by Howard Hinnant's `civil_from_days`.

    Args:
        seconds: int64.
    """
    days = seconds // DAY
    if part == "hour":
        return seconds % DAY // 3600 + 1
    if part == "weekday":
        return (days + EPOCH_WEEKDAY) % 7 + 1
    of_era = (days + 719_468) % 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return ((5 * of_year + 2) // 153 + 2) % 12 + 1
