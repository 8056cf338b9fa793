"""Measuring a profile: of all rows what is known from the preparation, the rest of a sample."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np

from pipeline.data.examples import PARTS, Examples
from pipeline.data.preparation import Fitted
from pipeline.data.profile import columns as describing
from pipeline.data.profile import leaks
from pipeline.data.profile.columns import Described, Labels
from pipeline.data.profile.distributions import describe_numbers
from pipeline.data.profile.duplicates import count_duplicates
from pipeline.data.profile.facts import Association, Column, Profile
from pipeline.data.profile.formatting import format_share
from pipeline.data.profile.sample import Sample, take_sample
from pipeline.data.splits import choose_method
from pipeline.schema.data import Data

# The most columns that are described; all are looked through for leaks.
MAX_COLUMNS = 500


def measure(fitted: Fitted) -> Profile:
    """Measure examples that are split and whose encoding is fitted; they are read twice."""
    examples, splits = fitted.examples, fitted.splits
    sample = take_sample(examples, splits["train"])
    labels, is_table = Labels(examples, sample), is_of_table(examples)
    columns: list[Column] = []
    found: list[str] = []
    if is_table:
        for described in _columns(fitted, sample):
            associations = describing.associate(described, labels)
            found += filter(None, [_find_leak(described, labels, associations, sample, examples)])
            if len(columns) < MAX_COLUMNS:
                columns.append(describing.describe(described, fitted, associations))
    found += filter(None, [_find_duplicates(fitted)])
    return Profile(
        name=PurePosixPath(fitted.data.path).name,
        task=examples.task,
        target=", ".join(examples.targets) if examples.kind.uses_label else "",
        rows=len(examples.label),
        shape=examples.shape or (examples.features.shape[1],),
        features=examples.features.shape[1] + len(examples.text.names),
        columns=tuple(columns),
        pixels=None if is_table else describe_numbers(sample.features.ravel()),
        targets=tuple(describing.describe_targets(fitted, sample)),
        classes=tuple(_count_classes(examples, fitted)),
        splits={part: len(splits[part]) for part in PARTS if len(splits[part])},
        method=describe_split(examples, fitted.data),
        leaks=tuple(found),
        omissions=examples.omissions,
        measured=len(sample.rows),
    )


def is_of_table(examples: Examples) -> bool:
    """Tell whether examples are rows of a table, rather than images or pairs."""
    return len(examples.shape) < 2


def describe_split(examples: Examples, data: Data) -> str:
    """Say how the rows were split, and why so if it was chosen."""
    if data.split == "auto":
        method, reason, _ = choose_method(examples)
        return f"{method}, as {reason} (data.split=auto)"
    if data.split in ("kfold", "walk_forward"):
        return f"{data.split}, fold {data.fold} of 0 to {data.folds - 1}"
    return f"{data.split} (data.split)"


def _columns(fitted: Fitted, sample: Sample) -> Iterator[Described]:
    examples = fitted.examples
    for number, name in enumerate(examples.feature_names):
        yield Described(name, number, sample.features[:, number])
    for number, name in enumerate(examples.text.names):
        codes = sample.codes[:, number]
        yield Described(name, number, codes, examples.text.texts[number])


def _find_leak(
    column: Described,
    labels: Labels,
    associations: Sequence[Association],
    sample: Sample,
    examples: Examples,
) -> str:
    """Return the first leak of a column, or ''."""
    name, values = column.name, column.values
    for number, target in enumerate(labels.names):
        label = labels.values[:, number]
        if labels.are_classes:
            found = leaks.find_naming(name, values, target, label)
        else:
            found = "" if column.is_text else leaks.find_function(name, values, target, label)
        if found:
            return found
    if not column.is_text and name not in examples.date_features:
        has_numbers = examples.index is not None and examples.index.dtype.kind in "iu"
        rows = np.asarray(examples.index)[sample.rows] if has_numbers else sample.rows
        count = len(examples.label) + sum(examples.omissions.rows.values())
        if found := leaks.find_row_number(name, values, rows, count):
            return found
    return leaks.find_association(name, associations)


def _find_duplicates(fitted: Fitted) -> str:
    """Say how many test rows are also training rows; '' where there are none, or all are."""
    examples = fitted.examples
    if fitted.data.split == "none" or not examples.kind.uses_label:
        return ""
    found, rows = count_duplicates(examples, fitted.splits)
    if not found:
        return ""
    of_all = "" if rows == len(fitted.splits["test"]) else " that were looked for"
    have = "has" if found == 1 else "have"
    return (
        f"{found:,} of {rows:,} test rows{of_all} {have} the features of a training row"
        f" ({format_share(found, rows)})"
    )


def _count_classes(examples: Examples, fitted: Fitted) -> Iterator[tuple[str, dict[str, int]]]:
    if not examples.kind.labels_are_classes:
        return
    names = examples.classes or ("different", "same")
    label = examples.label[:][:, 0].astype(np.int64)
    counts = {part: np.bincount(label[fitted.splits[part]], minlength=len(names)) for part in PARTS}
    for number, name in enumerate(names):
        yield name, {part: int(counts[part][number]) for part in PARTS}
