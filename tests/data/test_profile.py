"""The profile of data before training: what it measures, which leaks it finds, how it is shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.data import preparation
from pipeline.data.profile import association, duplicates, measuring, page
from pipeline.data.profile.facts import Column, Profile
from pipeline.data.sources import read_examples
from pipeline.reporting import data_profile
from pipeline.workspace import Workspace

from ..made import ready_options

pytestmark = pytest.mark.slow

ROWS = 400
RANDOM = np.random.default_rng(3)
A, NOISE = RANDOM.normal(size=(2, ROWS))
Y = A + NOISE
WORDS = RANDOM.choice(["red", "green", "blue"], ROWS)
CODE_OF = {"red": 11, "green": 7, "blue": 5}


@pytest.fixture
def profile_of(data, tmp_path: Path) -> Callable[..., Profile]:
    """Write a table with the columns a, y and others, and measure it."""

    def run(columns: dict[str, Any] | None = None, **changes: Any) -> Profile:
        path = tmp_path / "own.csv"
        pd.DataFrame({"a": A, "y": Y, **(columns or {})}).to_csv(path, index=False)
        chosen = data("csv", **{"path": str(path), "target": "y", **changes})
        examples = read_examples(chosen, Workspace(tmp_path))
        return measuring.measure(preparation.fit(chosen, 0, examples))

    return run


def column(profile: Profile, name: str) -> Column:
    return next(column for column in (*profile.columns, *profile.targets) if column.name == name)


def test_an_ordinary_table_has_no_leak(profile_of):
    columns = {"kind": WORDS, "few": np.arange(ROWS) % 7, "many": RANDOM.integers(0, 10**6, ROWS)}
    assert profile_of(columns).leaks == ()
    assert profile_of({**columns, "y": WORDS, "kind": WORDS[::-1]}).leaks == ()


LEAKS: list[tuple[str, dict[str, Any], str]] = [
    ("the target", {"x": Y}, "column 'x' equals the target 'y'"),
    ("the target in another unit", {"x": 32 + 1.8 * Y}, "'x' is an exact linear function of"),
    ("the target with its sign changed", {"x": -Y}, "'x' is an exact linear function of"),
    ("nearly the target", {"x": Y + NOISE[::-1] * 0.01}, "'x' correlates with the target 'y': r ="),
    ("the target in words", {"x": WORDS, "y": [CODE_OF[w] * 1.5 for w in WORDS]}, "tells the"),
    ("the numbers of the rows", {"x": np.arange(ROWS) + 100}, "column 'x' counts the rows"),
    ("the same, descending", {"x": ROWS - np.arange(ROWS)}, "column 'x' counts the rows"),
    ("the same, shuffled", {"x": RANDOM.permutation(ROWS)}, "a different whole number in each"),
    ("the class in words", {"y": WORDS, "x": [f"is {w}" for w in WORDS]}, "one to one"),
    ("the class as a number", {"y": WORDS, "x": [CODE_OF[w] for w in WORDS]}, "one to one"),
    (
        "parts of a class",
        {"y": WORDS, "x": [f"{w} {n % 3}" for n, w in enumerate(WORDS)]},
        "each of the 9 values of column 'x' has only one class of 'y'",
    ),
]


@pytest.mark.parametrize(("columns", "expected"), [c[1:] for c in LEAKS], ids=[c[0] for c in LEAKS])
def test_a_column_that_gives_the_target_away_is_named(profile_of, columns, expected):
    (leak,) = profile_of(columns).leaks
    assert expected in leak


def test_a_date_that_ascends_is_no_row_number(profile_of):
    days = pd.date_range("2020-01-01", periods=ROWS).strftime("%Y-%m-%d")
    profile = profile_of({"day": days})
    assert profile.leaks == ()
    assert column(profile, "day").kind == "date"


@pytest.mark.parametrize("kinds", [WORDS, np.arange(ROWS) % 4])
def test_test_rows_that_are_in_training_are_counted(profile_of, kinds):
    a, b = RANDOM.integers(0, 12, (2, ROWS))
    profile = profile_of({"a": a, "b": b, "kind": kinds}, split="chronological")
    rows = list(zip(a, b, kinds, strict=True))
    expected = sum(row in set(rows[:320]) for row in rows[320:])
    assert 0 < expected < 80
    assert profile.leaks[-1].startswith(f"{expected} of 80 test rows have the features")
    assert profile_of({"a": a, "b": b, "kind": kinds}, split="none").leaks == ()


def test_rows_are_told_apart_by_each_column_and_its_place(profile_of, monkeypatch):
    monkeypatch.setattr(duplicates, "FILTER_BITS", 1)
    test = np.arange(ROWS) >= 320
    a, b = np.where(test, 1, 2), np.where(test, 2, 1)
    assert profile_of({"a": a, "b": b}, split="chronological", scaling="none").leaks == ()


def test_numbers_are_described_as_numpy_does(profile_of, monkeypatch):
    gaps = np.where(np.arange(ROWS) % 10 == 0, np.nan, Y**2)
    profile = profile_of({"gaps": gaps}, split="chronological", missing="median")
    for name, values in (("a", A[:320]), ("gaps", gaps[:320]), ("y", Y[:320])):
        numbers, known = column(profile, name).numbers, values[np.isfinite(values)]
        assert numbers is not None
        assert (numbers.least, numbers.largest) == (known.min(), known.max())
        assert numbers.quartiles == pytest.approx(np.quantile(known, [0.25, 0.5, 0.75]))
        assert numbers.mean == pytest.approx(known.mean())
        assert numbers.deviation == pytest.approx(known.std())
        assert sum(numbers.counts) == len(known)
    assert column(profile, "gaps").missing == 40
    assert column(profile, "a").missing == 0
    assert profile.measured == 320


def test_a_sample_changes_neither_extremes_nor_mean(profile_of, monkeypatch):
    full = column(profile_of(), "a").numbers
    monkeypatch.setattr("pipeline.data.profile.sample.MAX_ROWS", 50)
    profile = profile_of()
    sampled = column(profile, "a").numbers
    assert profile.measured <= 50
    assert full is not None
    assert sampled is not None
    assert sum(sampled.counts) == profile.measured
    assert (full.least, full.largest, full.mean) == (sampled.least, sampled.largest, sampled.mean)


def test_kinds_and_encodings_are_named(profile_of):
    streets = [f"street {n % 150}" for n in range(ROWS)]
    profile = profile_of({"kind": WORDS, "flag": NOISE > 0, "street": streets})
    found = {c.name: (c.kind, c.encoding) for c in profile.columns}
    assert found == {
        "a": ("number", "scaled"),
        "flag": ("boolean", "scaled"),
        "kind": ("text", "one-hot of 3 levels"),
        "street": ("text", f"hashed to {512} buckets"),
    }


def test_levels_are_counted_and_empty_cells_are_missing(profile_of):
    words = np.where(np.arange(ROWS) % 4 == 0, "", WORDS)
    found = column(profile_of({"kind": words}, split="none"), "kind")
    assert found.missing == 100
    assert found.levels is not None
    expected = pd.Series(words).value_counts()
    assert dict(found.levels.most) == expected.to_dict()
    assert found.levels.different == 4


def test_what_is_left_out_has_a_reason(profile_of):
    columns = {"same": 1, "name": [f"name {n}" for n in range(ROWS)], "n": np.arange(ROWS)}
    gaps = np.where(np.arange(ROWS) % 10 == 0, np.nan, NOISE)
    profile = profile_of({**columns, "no": NOISE, "gaps": gaps}, drop=["no"], missing="drop")
    reasons = profile.omissions.columns
    assert reasons["same"] == "constant"
    assert reasons["n"] == "it only counts the rows"
    assert reasons["no"] == "by data.features or data.drop"
    assert "different texts" in reasons["name"]
    assert profile.omissions.rows == {"a missing value": 40}
    assert [c.name for c in profile.columns] == ["a", "gaps"]


def test_classes_are_counted_in_each_split(profile_of):
    profile = profile_of({"y": WORDS}, split="chronological", min_class_rows=2)
    train, test = pd.Series(WORDS[:320]).value_counts(), pd.Series(WORDS[320:]).value_counts()
    expected = {n: {"train": train[n], "validation": 0, "test": test[n]} for n in CODE_OF}
    assert dict(profile.classes) == expected
    assert "chronological" in profile.method
    assert "stratified, as 'y' has classes" in profile_of({"y": WORDS}).method


def test_associations_have_the_measure_of_their_kinds(profile_of):
    symbols = {
        name: column(profile_of({"kind": WORDS[::-1], **extra}), name).association.symbol
        for extra, name in (({}, "a"), ({}, "kind"), ({"y": WORDS}, "kind"))
    }
    assert symbols["a"] == association.NUMBERS
    assert symbols["kind"] == association.CRAMER
    assert column(profile_of({"kind": WORDS}), "kind").association.symbol == association.RATIO
    assert column(profile_of({"y": WORDS}), "a").association.symbol == association.RATIO


def test_associations_are_those_of_the_formulas():
    assert association.correlate(A, Y) == pytest.approx(np.corrcoef(A, Y)[0, 1])
    assert association.correlate(A * 1e300, Y * 1e-300) == pytest.approx(
        association.correlate(A, Y)
    )
    assert np.isnan(association.correlate(A, np.ones(ROWS)))
    with_gap = np.where(np.arange(ROWS) == 3, np.nan, A)
    assert association.correlate(with_gap, Y) == pytest.approx(
        np.corrcoef(np.delete(A, 3), np.delete(Y, 3))[0, 1]
    )
    codes = np.arange(ROWS) % 4
    assert association.correlation_ratio(codes, codes * 3.0) == pytest.approx(1)
    assert association.cramer(codes, codes[:] * 2) == pytest.approx(1)
    levels = RANDOM.integers(0, 100, 1000)  # chance alone gives 100 levels 0.3
    assert association.correlation_ratio(levels, RANDOM.normal(size=1000)) < 0.2
    assert association.cramer(levels, RANDOM.integers(0, 3, 1000)) < 0.2


def test_the_page_has_the_same_bytes_again_and_escapes_all_data(profile_of):
    evil = '<script>alert("1")</script>'
    columns = {evil: NOISE, "kind": np.where(NOISE > 0, evil, "</style>")}
    columns |= {"&lt;": 1, "y": np.where(A > 0, evil, "b")}
    first, second = (page.to_html(profile_of(columns)) for _ in range(2))
    assert first == second
    assert "<script" not in first
    assert first.count("</style>") == 1
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;" in first
    assert "&amp;lt;" in first
    assert "own.csv" in first
    assert "/own.csv" not in first


def test_the_page_names_leaks_first(profile_of):
    shown = page.to_html(profile_of({"x": Y}))
    assert shown.index("equals the target") < shown.index("<h2>Split")
    assert "Possible leaks" not in page.to_html(profile_of())


def test_lines_fit_a_terminal_and_control_nothing(profile_of):
    columns = {f"a long name of a column, number {n} of some " * 3: NOISE * n for n in range(1, 5)}
    columns |= {"line\nend \x1b[31m": NOISE - A, "kind": [f"{w}\x1b[0m" * 30 for w in WORDS]}
    text = data_profile.to_text(profile_of(columns | {"x": Y}))
    assert text.startswith("POSSIBLE LEAK: column 'x' equals the target 'y'")
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "line\\x0aend" in text


@pytest.mark.parametrize("option", ready_options())
def test_every_source_has_a_profile(data, option):
    chosen = data(option)
    examples = read_examples(chosen, Workspace.here())
    profile = measuring.measure(preparation.fit(chosen, 0, examples))
    is_of_images = len(profile.shape) > 1
    assert (profile.pixels is not None) == is_of_images == (not profile.columns)
    assert f"{profile.rows:,}" in page.to_html(profile)
    assert data_profile.to_text(profile)
