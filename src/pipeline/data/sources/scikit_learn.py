"""Data sets of scikit-learn: diabetes, digits, and pairs of digits."""

import math

import numpy as np

from pipeline.data.examples import PARTS, Examples, name_elements, source
from pipeline.errors import DataError
from pipeline.schema.data import DiabetesData, DigitPairsData, DigitsData
from pipeline.workspace import Workspace

DIGIT_SHAPE = (8, 8, 1)


@source("diabetes")
def load_diabetes(settings: DiabetesData, workspace: Workspace) -> Examples:
    """Load 442 patients: ten measurements in their own units, and the progression."""
    from sklearn import datasets  # takes a second to import

    patients = datasets.load_diabetes(scaled=False)
    return Examples(
        features=patients.data,
        label=patients.target[:, None],
        feature_names=tuple(patients.feature_names),
        target="progression",
    )


@source("digits")
def load_digits(settings: DigitsData, workspace: Workspace) -> Examples:
    """Load 1,797 handwritten digits with pixels from 0 to 16."""
    images, label = _read_digits()
    return Examples(
        features=images,
        label=label[:, None].astype(np.float64),
        feature_names=name_elements("pixel", DIGIT_SHAPE[:2]),
        target="digit",
        task="classification",
        classes=tuple(map(str, range(10))),
        shape=DIGIT_SHAPE,
    )


@source("digit_pairs")
def pair_digits(settings: DigitPairsData, workspace: Workspace) -> Examples:
    """Pair digits: every other pair has two images of the same digit.

    The digits are split before they are paired, so with split=given no image is in two splits.
    With any other split, images of the test may be in training pairs.
    """
    images, label = _read_digits()
    generator = np.random.Generator(np.random.Philox(settings.seed))
    shares = settings.test_share, settings.validation_share
    sizes = _split_sizes(settings.pairs, *shares)
    pool_ends = np.cumsum(_split_sizes(len(images), *shares))[:-1]
    pools = np.split(generator.permutation(len(images)), pool_ends)
    parts = [part for part in zip(PARTS, pools, sizes, strict=True) if part[2]]
    rows = np.concatenate(
        [pool[_draw_pairs(label[pool], size, generator, name)] for name, pool, size in parts]
    )
    return Examples(
        features=images[rows].reshape(len(rows), -1),
        label=(label[rows[:, :1]] == label[rows[:, 1:]]).astype(np.float64),
        feature_names=name_elements("pixel", (2, *DIGIT_SHAPE[:2])),
        target="same",
        task="similarity",
        shape=(2, *DIGIT_SHAPE),
        part=np.repeat(PARTS, sizes),
    )


def _read_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the images, `[1797, 64] float64`, and their digits, `[1797] int`."""
    from sklearn import datasets

    images, label = datasets.load_digits(return_X_y=True)
    return images, label


def _split_sizes(rows: int, test_share: float, validation_share: float) -> tuple[int, int, int]:
    test = math.ceil(rows * test_share)
    validation = math.ceil((rows - test) * validation_share)
    return rows - test - validation, validation, test


def _draw_pairs(
    label: np.ndarray, size: int, generator: np.random.Generator, part: str
) -> np.ndarray:
    """Draw pairs of rows, `[size, 2]`; even pairs have equal labels, odd pairs different ones.

    Rows lie on a ring, ordered by label. The second row of a pair is some steps after the first,
    within the arc of its label or beyond it, and never the first itself.
    """
    labels, counts = np.unique(label, return_counts=True)
    if len(labels) < 2 or counts.min() < 2:
        raise DataError(
            f"{len(label)} digits for {part} are too few to draw pairs of the same and of different"
            " digits; change data.test_share or data.validation_share"
        )
    ring = np.argsort(label, kind="stable")
    first = generator.integers(len(ring), size=size)
    arc = np.searchsorted(labels, label[ring[first]])
    count = counts[arc]
    begin = (np.cumsum(counts) - counts)[arc]
    same = begin + (first - begin + 1 + generator.integers(count - 1)) % count
    different = (begin + count + generator.integers(len(ring) - count)) % len(ring)
    second = np.where(np.arange(size) % 2 == 0, same, different)
    rows: np.ndarray = ring[np.column_stack([first, second])]
    return rows
