"""The schema of `data`: the source of examples, their split and scaling."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WrapValidator

from pipeline.schema import base
from pipeline.schema.base import Count, Text, about

SEPARATORS = ("auto", "comma", "semicolon", "tab", "space", "bar", "\\t")


class DataSource(base.Section):
    """Parameters that all data sources share."""

    path: Text = about("file or folder of the data; for generated data, the file that generates it")
    split: Literal[
        "auto", "chronological", "random", "stratified", "given", "kfold", "walk_forward", "none"
    ] = about(
        "test rows: the last (chronological), random, random in each class (stratified), named by"
        " the source (given), one of `folds` folds (kfold, walk_forward), or all, also in"
        " training (none); auto: given where the source names them, chronological where rows have"
        " dates, stratified for classes, else random"
    )
    test_share: base.Share = about("share of the labelled rows used for the test", "0..1")
    validation_share: base.ShareOrZero = about(
        "share of the training rows used for validation, selected like the test rows", "0..1"
    )
    folds: Annotated[int, Field(ge=2, le=1000)] = about("number of folds of kfold and walk_forward")
    fold: Annotated[int, Field(ge=0, le=999)] = about("number of the test fold, from 0")
    scaling: Literal["standard", "unit", "none"] = about(
        "scaling in the graph, fitted on the training rows: mean 0 and standard deviation 1 of each"
        " feature and a numeric target (standard), or division by the largest feature (unit)"
    )


class PricesData(DataSource):
    """Daily prices with the columns date, open, high, low, close, adj_close, volume."""

    source: Literal["sp500"]
    horizon_share: base.Share = about(
        "how far ahead the target is, as a share of all rows, rounded up", "0..1"
    )
    missing: Literal["fail", "drop"] = about("rows with an empty cell or NaN: refuse or drop them")


Columns = Annotated[list[str], Field(min_length=1)]


def _check_separator(separator: str) -> str:
    if len(separator) != 1 and separator not in SEPARATORS:
        raise ValueError(f"allowed: {', '.join(SEPARATORS)} or one character")
    return separator


# What `data.lags` can make of earlier rows.
LAG_KINDS = ("lag", "mean", "std", "min", "max")


def _check_lags(lags: dict[str, Any]) -> dict[str, Any]:
    for wanted in lags.values():
        sizes = wanted if isinstance(wanted, dict) else {"lag": wanted}
        if not sizes or not set(sizes) <= set(LAG_KINDS) or not all(map(_are_rows, sizes.values())):
            raise ValueError(
                "allowed: for each column a list of whole numbers from 1 to 10000, such as [1, 7],"
                f" or such lists for some of {', '.join(LAG_KINDS)}, such as {{mean: [7, 28]}}"
            )
    return lags


def _are_rows(rows: object) -> bool:
    if not isinstance(rows, list) or not rows:
        return False
    return all(type(number) is int and 1 <= number <= 10_000 for number in rows)


def _check_class_weight(weight: object) -> object:
    is_mapping = isinstance(weight, dict) and all(map(_is_weight, weight.values()))
    if weight is None or weight == "balanced" or (is_mapping and weight):
        return weight
    raise ValueError("allowed: balanced, a mapping of classes to numbers of 0 or more, or null")


def _is_weight(number: object) -> bool:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return 0 <= number < float("inf")


# Columns that are made of earlier rows: see `pipeline.data.lags`.
Lags = Annotated[dict[str, Any], Field(min_length=1), AfterValidator(_check_lags)]

# Weights of classes: see `pipeline.data.weights`.
ClassWeight = Annotated[Any, AfterValidator(_check_class_weight)]


def _check_different(names: str | list[str]) -> str | list[str]:
    if isinstance(names, list) and len(set(names)) < len(names):
        raise ValueError("allowed: each column once")
    return names


Targets = Annotated[
    Text | Columns, WrapValidator(base.refuse_once), AfterValidator(_check_different)
]


class TableData(DataSource):
    """A CSV or Parquet file of the user."""

    source: Literal["csv"]
    task: Literal["auto", "regression", "classification"] = about(
        "type of the target: a number (regression) or a class (classification); auto: text,"
        " booleans and two whole numbers are classes"
    )
    target: Targets = about("column to predict, or a list of columns, for a regression")
    features: Columns | None = about(
        "columns to predict from, names or patterns with * and ?; null: all that are of use"
    )
    drop: Columns | None = about("columns to leave out, names or patterns with * and ?")
    text: Columns | None = about(
        "columns whose cells are text also where they are numbers, names or patterns with * and ?"
    )
    split_column: Text | None = about(
        "column with train, validation or test in each row, for split=given"
    )
    date_column: Text | None = about(
        "column of ascending dates that name the rows; null: row numbers"
    )
    date_format: Text | None = about("how dates are written, such as %d/%m/%Y; null: 1999-01-04")
    separator: Annotated[str, AfterValidator(_check_separator)] = about(
        "what separates the cells of a CSV file; auto: found in its first lines",
        allowed="auto, comma, semicolon, tab, space, bar or one character",
    )
    decimal: Literal["auto", ".", ","] = about(
        "decimal sign of the numbers in a CSV file; auto: found in its first lines"
    )
    pattern: Text | None = about(
        "names of the files to read in a folder, such as *.csv; null: all tables"
    )
    na_values: list[str] = about("cells that count as empty, such as ?")
    missing: Literal["auto", "fail", "drop", "mean", "median"] = about(
        "empty cells and NaN: refuse them (fail), drop their rows, or fill all numbers and dates"
        " among the features with the mean or median of the training rows; auto: the median for"
        " those that have gaps, and rows without a target are left out. The model fills what was"
        " filled in training; `pipeline predict` refuses other gaps"
    )
    min_class_rows: Count = about("classes with fewer rows are left out, with their rows", "rows")
    weight: Text | None = about(
        "column of numbers of 0 or more: how much each row counts, in training and in metrics;"
        " null: all the same"
    )
    class_weight: ClassWeight = about(
        "how much rows of each class count in training, not in metrics: balanced, or numbers by"
        " class, such as {no: 1, yes: 5}; null: all the same",
        allowed="balanced, a mapping of classes to numbers of 0 or more, or null",
    )
    lags: Lags | None = about(
        "columns made of earlier rows: for each column how many rows before, such as"
        " {price: [1, 7]}, or also mean, std, min and max of so many rows, such as"
        " {price: {lag: [1], mean: [7]}}; needs data.date_column",
        allowed="a mapping of columns to whole numbers from 1 to 10000, or null",
    )
    group: Text | None = about(
        "column that tells the series of a panel apart; dates ascend in each; needs"
        " data.date_column"
    )

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of all targets."""
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)


class CosineData(DataSource):
    """Equidistant points of y = cos(ax + b) over one period."""

    source: Literal["cosine"]
    rows: Count = about("number of points", "rows")
    a: base.Positive = about("angular frequency", "radians per unit of x")
    b: float = about("phase", "radians")


class DigitsData(DataSource):
    """scikit-learn's 1,797 handwritten digits, 8 × 8 pixels."""

    source: Literal["digits"]


class DigitPairsData(DataSource):
    """Pairs of scikit-learn's digits; the label tells whether both show the same digit."""

    source: Literal["digit_pairs"]
    pairs: Count = about("number of pairs, half of them of the same digit", "rows")
    seed: base.Seed = about("seed that pairs the digits")


class IdxData(DataSource):
    """Images and labels in the IDX format of MNIST, plain or as .gz, in the folder `path`."""

    source: Literal["idx"]
    images: Text = about("file with the images, or the training images")
    labels: Text = about("file with the classes of the images")
    test_images: Text | None = about("file with the test images, for split=given; null: none")
    test_labels: Text | None = about("file with the classes of the test images; null: none")


class DiabetesData(DataSource):
    """scikit-learn's 442 patients: ten measurements and the progress of diabetes after a year."""

    source: Literal["diabetes"]


class SyntheticData(DataSource):
    """A linear function of random normal features, with noise."""

    source: Literal["synthetic"]
    rows: Count = about("number of examples", "rows")
    columns: Annotated[int, Field(ge=1, le=10_000)] = about("number of features")
    noise: base.NotNegative = about("standard deviation of the noise that is added to the target")
    seed: base.Seed = about("seed of features, coefficients and noise")


def _check_odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError("allowed: an odd number")
    return number


class OffsetsData(DataSource):
    """No data: a function is minimized at offset 0 and evaluated at offsets around it."""

    source: Literal["offsets"]
    rows: Annotated[int, Field(ge=3, le=10**6), AfterValidator(_check_odd)] = about(
        "number of offsets, odd, so that 0 is one of them", "rows"
    )
    reach: base.Positive = about("largest offset to either side")


class CustomData(DataSource):
    """Examples from a user function."""

    source: Literal["custom"]
    target: base.Target = about(
        "function that returns the examples, as MODULE.FUNCTION; see docs/extending.md",
        alias="_target_",
    )
    options: dict[str, Any] = about("arguments of the function besides `path`")


Data = Annotated[
    PricesData
    | TableData
    | CosineData
    | DigitsData
    | DigitPairsData
    | IdxData
    | DiabetesData
    | SyntheticData
    | OffsetsData
    | CustomData,
    Field(discriminator="source"),
]
