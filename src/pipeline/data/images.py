"""Images of digits, pairs of them, and images in IDX files."""

import math
from pathlib import Path

import numpy as np

from pipeline.data.examples import PARTS, Examples, element_names
from pipeline.data.idx import read_idx
from pipeline.errors import DataError
from pipeline.settings.data import DigitPairsData, DigitsData, IdxData

DIGIT = (8, 8, 1)


def digits(settings: DigitsData) -> Examples:
    """scikit-learn's 1,797 handwritten digits, pixels from 0 to 16."""
    images, label = _digits()
    return Examples(
        features=images,
        label=label[:, None].astype(np.float64),
        feature_names=element_names("pixel", DIGIT[:2]),
        target="digit",
        task="classification",
        classes=tuple(str(digit) for digit in range(10)),
        shape=DIGIT,
    )


def digit_pairs(settings: DigitPairsData) -> Examples:
    """Pair digits: every other pair shows the same digit twice, in two handwritings.

    The digits are split before they are paired, so with split=given no image is in two splits;
    any other split lets the training see images of the test.
    """
    images, label = _digits()
    generator = np.random.Generator(np.random.Philox(settings.seed))
    shares = settings.test_share, settings.validation_share
    sizes = _sizes(settings.pairs, *shares)
    pool_ends = np.cumsum(_sizes(len(images), *shares))[:-1]
    pools = np.split(generator.permutation(len(images)), pool_ends)
    pairs = [
        pool[_pairs(label[pool], size, generator, part)]
        for part, pool, size in zip(PARTS, pools, sizes, strict=True)
        if size
    ]
    chosen = np.concatenate(pairs)
    return Examples(
        features=images[chosen].reshape(len(chosen), -1),
        label=(label[chosen[:, :1]] == label[chosen[:, 1:]]).astype(np.float64),
        feature_names=element_names("pixel", (2, *DIGIT[:2])),
        target="same",
        task="similarity",
        shape=(2, *DIGIT),
        part=np.repeat(PARTS, sizes),
    )


def idx(settings: IdxData) -> Examples:
    """Images and their classes; test images, where they are given, follow the others."""
    folder = Path(settings.path)
    if not folder.is_dir():
        raise DataError(f"data.path={folder} is no folder; give the one with {settings.images}")
    if (settings.test_images is None) != (settings.test_labels is None):
        raise DataError("data.test_images and data.test_labels: give both, or null for both")
    images, label = _labelled(folder / settings.images, folder / settings.labels)
    part = None
    if settings.test_images is not None and settings.test_labels is not None:
        test_path = folder / settings.test_images
        test_images, test_label = _labelled(test_path, folder / settings.test_labels)
        if test_images.shape[1:] != images.shape[1:]:
            raise DataError(
                f"{test_path}: images are {list(test_images.shape[1:])}, those for training"
                f" {list(images.shape[1:])}; give images of one size"
            )
        part = np.repeat(["train", "test"], [len(images), len(test_images)])
        images = np.concatenate([images, test_images])
        label = np.concatenate([label, test_label])
    known, numbered = np.unique(label, return_inverse=True)
    if len(known) < 2:
        raise DataError(
            f"{folder / settings.labels}: one class only, {known[0]}; two are"
            " needed: give labels of another"
        )
    size = images.shape[1:]
    return Examples(
        features=images.reshape(len(images), -1),
        label=numbered[:, None].astype(np.float64),
        feature_names=element_names("pixel", size),
        target="class",
        task="classification",
        classes=tuple(map(str, known)),
        shape=(*size, 1) if len(size) == 2 else size,
        part=part,
    )


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Return `[1797, 64] float64` and the digits that they show, `[1797] int`."""
    from sklearn.datasets import load_digits  # a second of imports

    images, label = load_digits(return_X_y=True)
    return images, label


def _sizes(rows: int, test_share: float, validation_share: float) -> tuple[int, int, int]:
    """Return how many of `rows` are for training, validation and test."""
    test = math.ceil(rows * test_share)
    validation = math.ceil((rows - test) * validation_share)
    return rows - test - validation, validation, test


def _pairs(label: np.ndarray, size: int, generator: np.random.Generator, part: str) -> np.ndarray:
    """Draw `[size, 2]` row numbers of `label`, `[rows]`; even pairs have equal labels, odd do not.

    Rows lie in a ring, ordered by label: the second of a pair is some steps after the first,
    within its label's arc or beyond it, and never the first itself.
    """
    known, counts = np.unique(label, return_counts=True)
    if len(known) < 2 or counts.min() < 2:
        raise DataError(
            f"{len(label)} digits for {part} are too few to draw pairs of the same and of different"
            " ones; change data.test_share or data.validation_share"
        )
    ring = np.argsort(label, kind="stable")
    first = generator.integers(len(ring), size=size)
    place = np.searchsorted(known, label[ring[first]])
    count = counts[place]
    start = (np.cumsum(counts) - counts)[place]
    same = start + (first - start + 1 + generator.integers(count - 1)) % count
    different = (start + count + generator.integers(len(ring) - count)) % len(ring)
    second = np.where(np.arange(size) % 2 == 0, same, different)
    rows: np.ndarray = ring[np.column_stack([first, second])]
    return rows


def _labelled(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return images, `[rows, …]`, and their labels, `[rows]`."""
    images, label = read_idx(images_path), read_idx(labels_path)
    if images.ndim < 2 or not images.size:
        raise DataError(
            f"{images_path}: images must be [rows, …], not {list(images.shape)};"
            " give the file of the images"
        )
    if not np.isfinite(images).all():
        row = np.argwhere(~np.isfinite(images))[0, 0] + 1
        raise DataError(f"{images_path}: a pixel of image {row} is NaN or infinite; mend the file")
    if label.ndim != 1 or label.dtype.kind == "f":
        raise DataError(
            f"{labels_path}: labels must be [rows] whole numbers, not {list(label.shape)}"
            f" {label.dtype}; give the file of the labels"
        )
    if len(label) != len(images):
        raise DataError(
            f"{labels_path} has {len(label):,} labels, {images_path} {len(images):,} images;"
            " give two files that belong together"
        )
    return images, label
