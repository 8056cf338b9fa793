"""Fitting the encoding on the training rows alone."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pipeline.data.base_model import BaseModel, adopt
from pipeline.data.disk_rows import select_columns
from pipeline.data.examples import Examples, list_reasons
from pipeline.data.missing_values import fill_missing, fit_fill_values
from pipeline.data.prepared.dataset import blocks, rows_in_block
from pipeline.data.prepared.encoding import PARTS, Encoding, TextColumn, calendar_code
from pipeline.data.prepared.scaling import Scaling
from pipeline.errors import DataError, listing

# A text column with more levels is hashed: comparing costs time for each of them.
MAX_COMPARED = 100
# In more training rows, a text that is never the same twice is a name of the row.
MAX_DISTINCT = 20
# The most buckets of a hashed column.
MAX_BUCKETS = 2**16
# Cells of float64 that fit the cache of a processor's core.
CACHED_CELLS = 2**16

_log = logging.getLogger(__name__)


def fit_encoding(
    examples: Examples, train: np.ndarray, method: str, where: str, base: BaseModel | None = None
) -> "Fit":
    """Fit the encoding on the training rows; also leave out columns of which nothing is learned.

    Args:
        method: `standard` (mean 0, population deviation 1; also of a label that is a quantity),
            `unit` (all features are divided by the largest absolute value of all) or `none`.
        base: whose columns and encoding are taken over; only the label's scaling is fitted.

    Raises:
        DataError: a feature to be scaled or the label is constant, or varies too little; or a
            column of the base is missing.
    """
    fill_values = fit_fill_values(examples, train, where)
    statistics = _measure(examples, train, fill_values)
    statistics.refuse_constant_label(examples, len(train))
    if base is not None:
        adopted = adopt(base, examples, statistics.scaling(method, examples, []))
        return Fit(*adopted, statistics)
    constant = statistics.constant_features() if method == "standard" else []
    names = examples.feature_names
    _refuse_named([names[column] for column in constant], examples, len(train))
    text, left_out = _fit_text(examples, train)
    reasons = {names[column]: "constant" for column in constant} | left_out
    kept = [column for column in range(len(names)) if column not in set(constant)]
    if not kept and not text:
        raise DataError(
            f"no column is left to learn from ({list_reasons(reasons)}); add columns that vary, or"
            " name them (data.features=[…])"
        )
    if reasons:
        _log.info("%s: left out: %s", where, list_reasons(reasons))
    if hashed := [column.name for column in text if column.buckets]:
        what = "%s: hashed, as they have more than %d levels: %s"
        _log.info(what, where, MAX_COMPARED, listing(hashed, 12))
    encoding = Encoding(
        scaling=statistics.scaling(method, examples, kept),
        fill=tuple(fill_values.get(column) for column in kept) if fill_values else (),
        dates={kept.index(c): parts for c, parts in statistics.parts.items() if c in kept},
        text=text,
        date_format=examples.date_format,
        na_values=examples.na_values,
        dtype=examples.dtype,
    )
    used = _select_columns(examples, kept, text)
    used = replace(used, omissions=examples.omissions.add_columns(reasons))
    return Fit(used, encoding, statistics)


def _select_columns(
    examples: Examples, kept: Sequence[int], text: Sequence[TextColumn]
) -> Examples:
    """Return the examples with the numbers at some positions, and some text columns."""
    numbers = [examples.text.names.index(column.name) for column in text]
    latest = examples.latest_features
    return replace(
        examples,
        features=select_columns(examples.features, kept),
        feature_names=tuple(examples.feature_names[column] for column in kept),
        latest_features=None if latest is None else latest[:, kept],
        text=examples.text.select_columns(numbers) if numbers else replace(examples.text, names=()),
    )


def _refuse_named(constant: Sequence[str], examples: Examples, rows: int) -> None:
    """Refuse constant columns that may not be left out."""
    refused = [name for name in constant if name not in examples.optional]
    if refused:
        raise DataError(
            f"constant over the {rows} training rows: {listing(refused, 12)}; leave such a column"
            " out (data.features=[…]), or set data.scaling=unit for images"
        )


class Fit(NamedTuple):
    """The examples without the columns that are left out, their encoding, and what it is from."""

    examples: Examples
    encoding: Encoding
    statistics: "Statistics"


@dataclass
class Statistics:
    """Statistics of the training rows, which come in blocks: of the features, then the targets.

    Mean and deviation are merged block by block (Chan, Golub and LeVeque, Updating formulae and a
    pairwise algorithm for computing sample variances, 1979), which is stable far from zero.
    """

    names: tuple[str, ...]
    targets: int
    parts: dict[int, tuple[str, ...]]  # of dates: those calendar parts that vary

    def __post_init__(self) -> None:
        size = len(self.names)
        self.count, self.mean, self.squares = 0, np.zeros(size), np.zeros(size)
        self.least, self.largest = np.full(size, np.inf), np.full(size, -np.inf)

    def add(self, features: np.ndarray, label: np.ndarray) -> None:
        """Add rows, `[rows, features]` and `[rows, targets]`, as the graph will be fed."""
        if not len(label):
            return
        before, self.count = self.count, self.count + len(label)
        share = len(label) / self.count
        with np.errstate(over="ignore", invalid="ignore"):  # beyond float32, it is refused later
            measured = [*_measure_columns(features), *_measure_columns(label)]
            least, largest, mean, squares = map(np.concatenate, zip(*measured, strict=True))
            self.least = np.minimum(self.least, least)
            self.largest = np.maximum(self.largest, largest)
            distance = mean - self.mean
            self.mean = mean if not before else self.mean + distance * share
            self.squares += squares + distance**2 * (before * share)

    def fits_float32(self) -> bool:
        """Tell whether all values are in the range of float32, and none is NaN."""
        largest = np.finfo(np.float32).max
        return bool(((self.largest <= largest) & (self.least >= -largest)).all())

    def constant_features(self) -> list[int]:
        """Return the features whose values are all the same."""
        same: list[int] = np.flatnonzero((self.least == self.largest)[: -self.targets]).tolist()
        return same

    def refuse_constant_label(self, examples: Examples, rows: int) -> None:
        """Refuse a label that is always the same."""
        is_constant = (self.least == self.largest)[-self.targets :]
        target = examples.targets[int(is_constant.argmax())]
        if examples.kind.labels_are_classes and is_constant.any():
            raise DataError(
                f"all {rows} training rows have the same class of {target!r}; give rows of at"
                " least two classes, or choose another data.split"
            )
        if examples.kind.scales_label and is_constant.any():
            raise DataError(
                f"the target {target!r} is constant over the {rows} training rows, so there is"
                " nothing to learn; give other rows, or choose another data.target"
            )

    def scaling(self, method: str, examples: Examples, kept: Sequence[int]) -> Scaling:
        """Return the scaling of the features that are kept and of the label."""
        mean, scale = np.zeros(len(self.names)), np.ones(len(self.names))
        if method == "standard":
            scaled = slice(None) if examples.kind.scales_label else slice(-self.targets)
            mean[scaled] = self.mean[scaled]
            scale[scaled] = np.sqrt(self.squares / self.count)[scaled]
        elif method == "unit":
            largest = np.maximum(self.largest, -self.least)[: -self.targets]
            scale[: -self.targets] = largest.max(initial=0)
        used = [*kept, *range(len(self.names) - self.targets, len(self.names))]
        least = min(used, key=lambda column: scale[column])
        if scale[least] < np.finfo(np.float32).tiny:
            raise DataError(
                f"column {self.names[least]!r} varies by less than float32 can scale; use a smaller"
                " unit"
            )
        end = len(kept)
        means, scales = (tuple(values[used].tolist()) for values in (mean, scale))
        return Scaling(means[:end], scales[:end], means[end:], scales[end:])


def _measure_columns(rows: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield minimum, maximum, mean and squared deviations of groups of columns, `[columns]` each.

    A group fits the cache of a processor's core. How columns are grouped changes no bit.
    """
    size, transposed = max(1, CACHED_CELLS // len(rows)), _transpose(rows)
    for begin in range(0, len(transposed), size):
        columns = transposed[begin : begin + size]
        least, largest, mean = columns.min(1), columns.max(1), columns.mean(1)
        columns -= mean[:, None]
        columns *= columns
        yield least, largest, mean, columns.sum(1)


def _transpose(rows: np.ndarray) -> np.ndarray:
    """Return a copy, `[columns, rows] float64`, made in parts that fit the cache."""
    columns = np.empty(rows.shape[::-1])
    size = max(1, CACHED_CELLS // max(1, rows.shape[1]))
    for begin in range(0, len(rows), size):
        columns[:, begin : begin + size] = rows[begin : begin + size].T
    return columns


def _measure(examples: Examples, train: np.ndarray, fill_values: Mapping[int, float]) -> Statistics:
    dates = [examples.feature_names.index(name) for name in examples.date_features]
    found: dict[tuple[int, str], set[int]] = {(c, part): set() for c in dates for part in PARTS}
    names = (*examples.feature_names, *examples.targets)
    statistics = Statistics(names, len(examples.targets), {})
    for block in blocks(*examples.features.shape):
        rows = rows_in_block(train, block)
        if not len(rows):
            continue
        features = examples.features[block]
        label = examples.label[block]
        if len(rows) < len(label):
            features, label = features[rows], label[rows]
        for (column, part), codes in found.items():
            seconds = features[:, column]
            whole = np.floor(seconds[np.isfinite(seconds)]).astype(np.int64)
            codes |= set(np.unique(calendar_code(whole, part)).tolist())
        features = fill_missing(features, fill_values)
        statistics.add(features.astype(examples.dtype, copy=False), label)
    for column in dates:
        parts = tuple(part for part in PARTS if len(found[column, part]) > 1)
        statistics.parts[column] = parts
    return statistics


def _fit_text(
    examples: Examples, train: np.ndarray
) -> tuple[tuple[TextColumn, ...], dict[str, str]]:
    """Return the text columns that are used, and why others are left out."""
    used, left_out = [], {}
    for number, name in enumerate(examples.text.names):
        texts = examples.text.texts[number]
        counts = np.bincount(examples.text.codes[train, number], minlength=len(texts))
        levels = sorted(texts[counts > 0].tolist())
        is_optional = name in examples.optional
        if is_optional and len(levels) < 2:
            left_out[name] = "constant"
        elif is_optional and (
            len(levels) > max(MAX_COMPARED, len(train) / 2)
            or len(levels) == len(train) > MAX_DISTINCT
        ):
            left_out[name] = f"{len(levels):,} different texts in {len(train):,} training rows"
        elif len(levels) <= MAX_COMPARED:
            used.append(TextColumn(name, tuple(levels)))
        else:
            buckets = 1 << (2 * len(levels) - 1).bit_length()
            used.append(TextColumn(name, buckets=min(buckets, MAX_BUCKETS)))
    return tuple(used), left_out
