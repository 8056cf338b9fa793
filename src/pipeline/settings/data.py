"""The schema of `data`: where examples come from, how they are split and scaled."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pipeline.settings.basis import (
    Count,
    NotNegative,
    Positive,
    Section,
    Seed,
    Share,
    ShareOrNone,
    Target,
    Text,
    about,
)


class DataSource(Section):
    """What every data source has in common."""

    path: Text = about(
        "the file or folder the data is read from; for data that is made, the file that says how"
    )
    split: Literal[
        "chronological", "random", "stratified", "given", "kfold", "walk_forward", "none"
    ] = about(
        "which rows are the test: the last ones; drawn at random; so within each class; as the"
        " source says; fold number `fold` of `folds` at random; or of a window that walks forward;"
        " none: all rows train and test"
    )
    test_share: Share = about("share of the labelled rows kept for the test", "0..1")
    validation_share: ShareOrNone = about(
        "share of the training rows kept for validation, taken as the test rows are", "0..1"
    )
    folds: Annotated[int, Field(ge=2, le=1000)] = about("number of folds of kfold, walk_forward")
    fold: Annotated[int, Field(ge=0, le=999)] = about("which fold is the test, counted from 0")
    scaling: Literal["standard", "unit", "none"] = about(
        "inside the graph, fitted on the training rows; standard: every feature and a number to"
        " predict get mean 0 and deviation 1; unit: all features are divided by the largest"
    )


class PricesData(DataSource):
    """Daily prices with the columns date, open, high, low, close, adj_close, volume."""

    source: Literal["sp500"]
    horizon_share: Share = about(
        "the target lies this share of all rows, rounded up, ahead", "0..1"
    )
    missing: Literal["fail", "drop"] = about(
        "rows with an empty cell or NaN: refused with their places, or left out"
    )


class TableData(DataSource):
    """The user's own CSV or Parquet file."""

    source: Literal["csv"]
    task: Literal["regression", "classification"] = about("what the target is: a number, a class")
    target: Text = about("the column to predict")
    features: Annotated[list[str], Field(min_length=1)] | None = about(
        "the columns to predict from; null: every numeric column but the target"
    )
    split_column: Text | None = about(
        "with split=given: the column that holds train, validation or test for each row"
    )
    date_column: Text | None = about(
        "the column of ISO dates, which must ascend, that names the rows; null: their numbers"
    )
    missing: Literal["fail", "drop", "mean", "median"] = about(
        "empty cells and NaN: refused with their places; their rows left out; features filled with"
        " the mean or median of the training rows, and a missing label refused. The model itself"
        " fills nothing: `pipeline predict` refuses them always"
    )


class CosineData(DataSource):
    """Equidistant points of y = cos(ax + b) over one period."""

    source: Literal["cosine"]
    rows: Count = about("number of points", "rows")
    a: Positive = about("angular frequency", "radians per unit of x")
    b: float = about("phase", "radians")


class DigitsData(DataSource):
    """scikit-learn's 1,797 handwritten digits, 8 × 8 pixels."""

    source: Literal["digits"]


class DigitPairsData(DataSource):
    """Pairs of scikit-learn's digits: do both show the same?"""

    source: Literal["digit_pairs"]
    pairs: Count = about("number of pairs, half of them of the same digit", "rows")
    seed: Seed = about("which digits are paired")


class IdxData(DataSource):
    """Images and labels in IDX format, as MNIST has them, plain or as .gz, in the folder `path`."""

    source: Literal["idx"]
    images: Text = about("file of the images, or of the training images")
    labels: Text = about("file of their classes")
    test_images: Text | None = about("file of the test images, for split=given; null: none")
    test_labels: Text | None = about("file of their classes; null: none")


class DiabetesData(DataSource):
    """scikit-learn's 442 patients: ten measurements, the progress of diabetes a year later."""

    source: Literal["diabetes"]


class SyntheticData(DataSource):
    """A linear function of random normal features, with noise."""

    source: Literal["synthetic"]
    rows: Count = about("number of examples", "rows")
    columns: Annotated[int, Field(ge=1, le=10_000)] = about("number of features")
    noise: NotNegative = about("standard deviation of what is added to the target")
    seed: Seed = about("which features, coefficients and noise")


def _odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError("allowed: an odd number")
    return number


class OffsetsData(DataSource):
    """No data: one offset of 0 to minimize a function at, and offsets around it to look at."""

    source: Literal["offsets"]
    rows: Annotated[int, Field(ge=3, le=10**6), AfterValidator(_odd)] = about(
        "number of offsets to look at, odd, so that 0 is among them", "rows"
    )
    reach: Positive = about("the largest offset to either side")


class CustomData(DataSource):
    """Examples from a function of the user's own."""

    source: Literal["custom"]
    target: Target = about(
        "the function that returns the examples, MODULE.FUNCTION; docs/extending.md has its form",
        alias="_target_",
    )
    options: dict[str, Any] = about("what the function is given besides `path`")


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
