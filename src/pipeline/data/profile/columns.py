"""Describing the columns of a table: kind, encoding, distribution and association."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.data.examples import Examples
from pipeline.data.preparation import Fitted
from pipeline.data.prepared.encoding import TextColumn
from pipeline.data.profile import association
from pipeline.data.profile.distributions import describe_levels, describe_numbers
from pipeline.data.profile.facts import Association, Column, Numbers
from pipeline.data.profile.formatting import format_number
from pipeline.data.profile.sample import Sample


@dataclass(frozen=True)
class Described:
    """A feature in the sample.

    Attributes:
        number: its position among the numbers, or among the text columns.
        values: `[rows]`, numbers, or the numbers of its texts.
        texts: of a text column.
    """

    name: str
    number: int
    values: np.ndarray
    texts: np.ndarray | None = None

    @property
    def is_text(self) -> bool:
        """Tell whether it is a text column."""
        return self.texts is not None


class Labels:
    """The targets in the sample; none where there is no label to learn from."""

    def __init__(self, examples: Examples, sample: Sample) -> None:
        kind = examples.kind
        self.are_classes = kind.labels_are_classes
        self.names = examples.targets if kind.uses_label else ()
        self.values = sample.label  # `[rows, targets]`
        self.numbers = sample.label[:, 0].astype(np.int64) if self.are_classes else None


def associate(column: Described, labels: Labels) -> list[Association]:
    """Return how much a column tells about each target, without those that are not defined."""
    found = []
    for number, target in enumerate(labels.names):
        if labels.numbers is not None and column.is_text:
            symbol, value = association.CRAMER, association.cramer(column.values, labels.numbers)
        elif labels.numbers is not None:
            ratio = association.correlation_ratio(labels.numbers, column.values)
            symbol, value = association.RATIO, ratio
        elif column.is_text:
            ratio = association.correlation_ratio(column.values, labels.values[:, number])
            symbol, value = association.RATIO, ratio
        else:
            r = association.correlate(column.values, labels.values[:, number])
            symbol, value = association.NUMBERS, r
        if not np.isnan(value):
            found.append(Association(target, symbol, value))
    return found


def describe(column: Described, fitted: Fitted, associations: Sequence[Association]) -> Column:
    """Describe a feature; its association is the strongest."""
    examples = fitted.examples
    strongest = max(associations, key=lambda one: abs(one.value), default=None)
    missing = examples.omissions.missing.get(column.name, 0)
    if column.texts is not None:
        levels = describe_levels(column.values, column.texts)
        used = fitted.encoding.text[column.number]
        empty = _count_empty(examples, column.number)
        return Column(column.name, "text", _encoding_of_text(used), empty, None, levels, strongest)
    place = fitted.statistics.names.index(column.name)
    numbers = _describe_exactly(place, column.values, fitted, missing)
    is_date = column.name in examples.date_features
    kind = "date" if is_date else _kind_of_numbers(column.values, numbers)
    how = _encoding_of_number(column.number, fitted, missing)
    return Column(column.name, kind, how, missing, numbers, None, strongest)


def describe_targets(fitted: Fitted, sample: Sample) -> Iterator[Column]:
    """Describe the targets that are numbers."""
    examples, scaling = fitted.examples, fitted.encoding.scaling
    if not examples.kind.scales_label:
        return
    for number, name in enumerate(examples.targets):
        missing = examples.omissions.missing.get(name, 0)
        place = len(fitted.statistics.names) - len(examples.targets) + number
        numbers = _describe_exactly(place, sample.label[:, number], fitted, missing)
        is_scaled = (scaling.label_mean[number], scaling.label_scale[number]) != (0, 1)
        how = "scaled" if is_scaled else "as it is"
        yield Column(
            name, _kind_of_numbers(sample.label[:, number], numbers), how, missing, numbers
        )


def _describe_exactly(
    place: int, values: np.ndarray, fitted: Fitted, missing: int
) -> Numbers | None:
    """Describe numbers, with what the preparation knows of all training rows.

    Args:
        place: of the column in the statistics.
    """
    statistics = fitted.statistics
    if missing:  # what it knows is of the filled column
        return describe_numbers(values)
    least, largest = float(statistics.least[place]), float(statistics.largest[place])
    deviation = float(np.sqrt(statistics.squares[place] / max(1, statistics.count)))
    return describe_numbers(values, (least, largest, float(statistics.mean[place]), deviation))


def _kind_of_numbers(values: np.ndarray, numbers: Numbers | None) -> str:
    is_boolean = numbers is not None and (numbers.least, numbers.largest) == (0, 1)
    known = values[np.isfinite(values)]
    return "boolean" if is_boolean and np.isin(known, (0, 1)).all() else "number"


def _encoding_of_number(number: int, fitted: Fitted, missing: int) -> str:
    encoding, method = fitted.encoding, fitted.data.scaling
    scale = encoding.scaling.feature_scale[number]
    how = {"standard": "scaled", "unit": f"divided by {format_number(scale)}"}
    parts = [how.get(method, "as it is"), *encoding.dates.get(number, ())]
    fill = encoding.fill[number] if encoding.fill else None
    if fill is not None and missing and number not in encoding.dates:
        parts.append(f"gaps are {format_number(fill)}")
    return ", ".join(parts)


def _encoding_of_text(column: TextColumn) -> str:
    if column.buckets:
        return f"hashed to {column.buckets:,} buckets"
    return f"one-hot of {len(column.levels):,} levels"


def _count_empty(examples: Examples, number: int) -> int:
    """Return the number of empty cells of a text column, which are a level."""
    (empty,) = np.nonzero(examples.text.texts[number] == "")
    return int(np.isin(examples.text.codes[:, number], empty).sum()) if len(empty) else 0
