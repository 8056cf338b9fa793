"""Training rows that a profile is measured on, evenly spaced, so that it costs little."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.data.examples import Examples
from pipeline.data.prepared.dataset import blocks, rows_in_block

MAX_ROWS, MAX_CELLS = 2**16, 2**22


@dataclass(frozen=True)
class Sample:
    """Raw training rows.

    Attributes:
        rows: `[rows]`, their ascending numbers in the examples.
        features: `[rows, columns] float64`, NaN for gaps.
        label: `[rows, targets] float64`.
        codes: `[rows, text columns] int32`, the numbers of their texts.
    """

    rows: np.ndarray
    features: np.ndarray
    label: np.ndarray
    codes: np.ndarray

    def classes(self) -> np.ndarray:
        """Return the numbers of the classes, `[rows] int64`."""
        numbers: np.ndarray = self.label[:, 0].astype(np.int64)
        return numbers


def take_sample(examples: Examples, train: np.ndarray) -> Sample:
    """Return up to `MAX_ROWS` training rows, fewer of wide examples."""
    width = examples.features.shape[1]
    most = max(1, min(MAX_ROWS, MAX_CELLS // max(1, width)))
    rows = train[:: max(1, -(-len(train) // most))]
    features: list[np.ndarray] = [np.empty((0, width))]
    labels: list[np.ndarray] = [np.empty((0, len(examples.targets)))]
    for block in blocks(*examples.features.shape):
        chosen = rows_in_block(rows, block)
        if len(chosen):
            features.append(np.asarray(examples.features[block][chosen], np.float64))
            labels.append(np.asarray(examples.label[block][chosen], np.float64))
    codes = examples.text.codes[rows] if examples.text.names else np.empty((len(rows), 0), np.int32)
    return Sample(rows, _join(features), _join(labels), codes)


def _join(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts)
