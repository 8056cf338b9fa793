"""The encoding is fitted on the training rows alone; columns that teach nothing are left out."""

from typing import Any

import numpy as np
import pytest

from pipeline.data import fitting
from pipeline.data.examples import NO_TEXT, Examples, TextCells
from pipeline.data.fitting import MAX_COMPARED, fit_encoding
from pipeline.data.prepared.encoding import Encoding, TextColumn
from pipeline.errors import DataError

ROWS = 1000
TRAIN = np.arange(0, ROWS, 2)
Y = np.random.default_rng(0).normal(1e6, 3, (ROWS, 1))
DAY = 86_400.0


def text_of(**columns: list[str]) -> TextCells:
    codes, texts = [], []
    for cells in columns.values():
        found, numbers = np.unique(np.array(cells, object), return_inverse=True)
        codes.append(numbers.astype(np.int32))
        texts.append(found)
    return TextCells(tuple(columns), np.stack(codes, axis=1), tuple(texts))


def fit(
    numbers: dict[str, Any] | None = None, text: TextCells = NO_TEXT, method: str = "standard",
    named: tuple[str, ...] = (), **changes: Any,
) -> tuple[Examples, Encoding]:  # fmt: skip
    """Fit the columns on the even rows; those that are named must be used."""
    columns = {name: np.broadcast_to(v, ROWS) for name, v in (numbers or {}).items()}
    features = np.array(list(columns.values()), float).reshape(len(columns), ROWS).T
    optional = frozenset([*columns, *text.names]) - set(named)
    examples = Examples(features, Y, tuple(columns), "y", text=text, optional=optional, **changes)
    return fit_encoding(examples, TRAIN, method, "own.csv")[:2]


A = np.random.default_rng(1).normal(1e9, 1e-2, ROWS)
ODD = np.arange(ROWS) % 2
WORDS = [f"word {row // 2 % 150}" for row in range(ROWS)]
UNIQUE = [f"row {number}" for number in range(ROWS)]


def test_statistics_are_those_of_the_training_rows():
    _, encoding = fit({"a": np.where(ODD, 1e30, A)})
    scaling, known = encoding.scaling, A[TRAIN].astype(np.longdouble)
    assert scaling.feature_mean[0] == pytest.approx(float(known.mean()), rel=1e-15)
    assert scaling.feature_scale[0] == pytest.approx(float(known.std()), rel=1e-6)
    assert scaling.label_mean[0] == pytest.approx(Y[TRAIN].mean(), rel=1e-15)
    assert encoding.dtype == "float64"


def test_constant_columns_are_left_out_with_a_line(caplog):
    caplog.set_level("INFO")
    examples, encoding = fit(
        {"same": 7, "a": A, "odd": ODD},
        text_of(kind=["p", "q"] * 500, few=["p", "p", "q", "q"] * 250),
    )
    assert (examples.feature_names, examples.text.names) == (("a",), ("few",))
    assert examples.features[:].tolist() == A[:, None].tolist()
    assert len(encoding.scaling.feature_mean) == 1
    expected = "own.csv: left out: 'same' (constant), 'odd' (constant), 'kind' (constant)"
    assert expected in caplog.text


def test_constant_columns_that_are_named_are_refused_or_kept(failure):
    expected = "constant over the 500 training rows: odd; leave such a column out"
    with failure.raises("data.features: a constant column", DataError, match=expected):
        fit({"a": A, "odd": ODD}, named=("a", "odd"))
    examples, encoding = fit({"a": A}, text_of(kind=["p", "q"] * 500), named=("kind",))
    assert examples.text.names == ("kind",)
    assert encoding.text == (TextColumn("kind", ("p",)),)


@pytest.mark.parametrize("method", ["unit", "none"])
def test_a_constant_column_is_of_use_where_columns_are_not_scaled_one_by_one(method):
    examples, encoding = fit({"a": A, "same": 7}, method=method)
    assert examples.feature_names == ("a", "same")
    expected = A[TRAIN].max() if method == "unit" else 1.0
    assert encoding.scaling.feature_scale == (expected, expected)
    assert encoding.scaling.feature_mean == (0.0, 0.0)


def test_levels_are_the_sorted_texts_of_the_training_rows():
    cells = [["b", "only in the test"], ["", "x"], ["a", "x"], ["Ä", "x"]]
    text = text_of(kind=[cell for pair in cells for cell in pair] * 125)
    _, encoding = fit(text=text)
    assert encoding.text == (TextColumn("kind", ("", "a", "b", "Ä")),)
    assert encoding.depths == (4,)


@pytest.mark.parametrize(
    ("levels", "buckets"), [(2, 0), (MAX_COMPARED, 0), (MAX_COMPARED + 1, 256), (129, 512)]
)
def test_a_column_of_many_levels_is_hashed(caplog, levels, buckets):
    caplog.set_level("INFO")
    _, encoding = fit(text=text_of(kind=[f"{row // 2 % levels:03}" for row in range(ROWS)]))
    (column,) = encoding.text
    assert (len(column.levels), column.buckets) == (0 if buckets else levels, buckets)
    said = "hashed, as they have more than 100 levels: kind"
    assert (said in caplog.text) == bool(buckets)


def test_buckets_are_limited(monkeypatch):
    monkeypatch.setattr(fitting, "MAX_BUCKETS", 128)
    _, encoding = fit(text=text_of(kind=WORDS))
    assert encoding.depths == (128,)


def test_texts_that_hardly_repeat_are_left_out_or_hashed_where_they_are_named(caplog):
    caplog.set_level("INFO")
    examples, _ = fit({"a": A}, text_of(name=UNIQUE))
    assert examples.text.names == ()
    assert "left out: 'name' (500 different texts in 500 training rows)" in caplog.text
    examples, encoding = fit({"a": A}, text_of(name=UNIQUE), named=("name",))
    assert encoding.text == (TextColumn("name", buckets=1024),)
    half = [f"text {row // 2 % 250}" for row in range(ROWS)]
    assert fit({"a": A}, text_of(name=half))[0].text.names == ("name",)


def test_parts_of_dates_are_those_that_vary_in_the_training_rows():
    rows = np.arange(ROWS)
    _, encoding = fit(
        {
            "years": rows // 2 * 365.2425 * DAY,
            "mondays": (rows // 2 * 7 + 4) * DAY,
            "morning": rows // 2 * 10.0,
            "odd": np.where(ODD, rows * 1e6, rows * DAY * 7),
        },
        date_features=("years", "mondays", "morning", "odd"),
    )
    assert encoding.dates[1] == ("month",)
    assert encoding.dates[2] == ("hour",)
    assert encoding.dates[3] == ("month",)
    assert encoding.dates[0] == ("month", "weekday", "hour")
    assert encoding.depths == (12, 7, 24, 12, 24, 12)


def test_what_is_left_out_moves_nothing_to_another_column():
    gaps = np.where(np.arange(ROWS) % 10 < 4, np.nan, A)
    days = np.arange(ROWS) * DAY
    examples, encoding = fit(
        {"same": 7, "gaps": gaps, "odd": ODD, "day": days},
        text_of(same=["p"] * ROWS, few=["p", "p", "q", "q"] * 250),
        date_features=("day",),
        fill="mean",
        latest_features=np.array([[7, 1.0, 1, DAY]]),
        latest_index=np.array([1]),
    )
    assert (examples.feature_names, examples.text.names) == (("gaps", "day"), ("few",))
    assert list(encoding.dates) == [1]
    means = [np.nanmean(gaps[TRAIN]), days[TRAIN].mean()]
    assert encoding.fill == pytest.approx(means, rel=1e-15)
    assert encoding.scaling.feature_mean[1] == pytest.approx(days[TRAIN].mean())
    np.testing.assert_array_equal(examples.latest_features, [[1.0, DAY]])
    np.testing.assert_array_equal(examples.features[slice(0, ROWS)], np.column_stack([gaps, days]))
    assert examples.text[slice(0, 4)][:, 0].tolist() == ["p", "p", "q", "q"]


def test_text_alone_is_enough_and_nothing_is_not(failure):
    examples, encoding = fit({"same": 7}, text_of(kind=WORDS))
    assert (examples.feature_names, examples.features.shape) == ((), (ROWS, 0))
    assert encoding.scaling.feature_mean == ()
    assert fit(text=text_of(kind=WORDS), method="unit")[1].depths == (512,)
    expected = r"no column is left to learn from \('same' \(constant\), 'kind' \(constant\)\); add"
    with failure.raises("a table of constant columns", DataError, match=expected):
        fit({"same": 7}, text_of(kind=["p"] * ROWS))
