"""Test rows that are also training rows, found by a hash of their features, block by block."""

from collections.abc import Iterator, Mapping

import numpy as np

from pipeline.data.examples import Examples
from pipeline.data.prepared.dataset import blocks, rows_in_block

# The most test rows that are looked for.
MAX_ROWS = 2**16
# Most training rows are told apart by these bits of a hash of their first columns.
FILTER_BITS, FIRST_COLUMNS = 20, 2


def count_duplicates(examples: Examples, splits: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Return how many test rows have the features of a training row, and how many were looked for.

    All training rows are compared with the test rows, of which up to `MAX_ROWS`, evenly spaced,
    are looked for.
    """
    train, test = splits["train"], splits["test"]
    test = test[:: max(1, -(-len(test) // MAX_ROWS))]
    hashing = _Hashing(examples)
    may_be = np.zeros(2**FILTER_BITS, bool)
    parts = [np.empty(0, np.uint64)]
    for block, chosen, values in _read(examples, test):
        may_be[hashing.first_bits(values[chosen])] = True
        parts.append(hashing.of_rows(block, chosen, values))
    wanted, counts = np.unique(np.concatenate(parts), return_counts=True)
    found = np.zeros(len(wanted), bool)
    for block, chosen, values in _read(examples, train):
        likely = chosen[may_be[hashing.first_bits(values)[chosen]]]
        hashes = hashing.of_rows(block, likely, values)
        places = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
        found[places[wanted[places] == hashes]] = True
    return int(counts[found].sum()), len(test)


class _Hashing:
    """Hashes the features of rows."""

    def __init__(self, examples: Examples) -> None:
        self._text = examples.text
        self._width = examples.features.shape[1]
        size = self._width + len(examples.text.names)
        factors = np.random.default_rng(0).integers(2**63, size=size, dtype=np.uint64)
        self._factors = factors * 2 + 1

    def of_rows(self, block: slice, chosen: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return the hashes of chosen rows of a block with these numbers, `[chosen] uint64`."""
        hashes = self._mix(values[chosen])
        if self._text.names:
            codes = self._text.codes[block][chosen].astype(np.uint64)
            hashes += (codes * self._factors[self._width :]).sum(1, dtype=np.uint64)
        return hashes

    def first_bits(self, values: np.ndarray) -> np.ndarray:
        """Return the first bits of a hash of the first columns."""
        first: np.ndarray = self._mix(values[:, :FIRST_COLUMNS]) >> (64 - FILTER_BITS)
        return first

    def _mix(self, values: np.ndarray) -> np.ndarray:
        hashes = np.zeros(len(values), np.uint64)
        for column, factor in zip(values.T, self._factors, strict=False):
            # The low bits of most numbers are zeros, and would stay so in a product.
            bits = np.ascontiguousarray(column, np.float64).view(np.uint64)
            mixed = bits >> 32
            mixed ^= bits
            mixed *= factor
            hashes += mixed
        return hashes


def _read(examples: Examples, rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield block, the chosen rows in it, and the numbers of all its rows, `[rows, columns]`."""
    for block in blocks(*examples.features.shape):
        chosen = rows_in_block(rows, block)
        if len(chosen):
            yield block, chosen, examples.features[block]
