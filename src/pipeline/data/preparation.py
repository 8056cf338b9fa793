"""From examples to prepared data: split, fit the encoding, write the arrays."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pipeline.data.base_model import BaseModel
from pipeline.data.examples import Examples
from pipeline.data.fitting import Statistics, fit_encoding
from pipeline.data.numeric_columns import require_float32
from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import (
    SAMPLE_ROWS,
    Dataset,
    EncodedRows,
    Split,
    blocks,
    rows_in_block,
)
from pipeline.data.prepared.encoding import Encoding, encode_label, encode_numbers, encode_parts
from pipeline.data.prepared.series import Series
from pipeline.data.rows_writer import RowsWriter
from pipeline.data.splits import split_rows
from pipeline.data.threads import map_ahead
from pipeline.data.weights import weigh_training_rows
from pipeline.errors import DataError
from pipeline.schema.data import Data


@dataclass(frozen=True)
class Fitted:
    """Examples that are split, and the encoding of them that was fitted on the training rows.

    Attributes:
        data: the settings.
        splits: the ascending row numbers of `train`, `validation` and `test`.
        statistics: of the training rows, whose gaps are filled.
        weight: of the training rows, None where all count the same.
        class_weights: of the classes, as `Dataset` has them.
    """

    data: Data
    examples: Examples
    splits: dict[str, np.ndarray]
    encoding: Encoding
    statistics: Statistics
    weight: np.ndarray | None
    class_weights: tuple[float, ...] | None


def fit(data: Data, seed: int, examples: Examples, base: BaseModel | None = None) -> Fitted:
    """Split the examples and fit the encoding on the training rows alone.

    Args:
        base: whose encoding is taken over.

    Raises:
        ConfigError: The split or the weights do not fit the source.
        DataError: There are too few rows, or a column is constant.
    """
    with _name_file(data.path):
        splits = split_rows(examples, data, seed)
        class_weight = getattr(data, "class_weight", None)
        weights = weigh_training_rows(examples, splits, class_weight)
        fit = fit_encoding(examples, splits["train"], data.scaling, data.path, base)
    return Fitted(data, fit.examples, splits, fit.encoding, fit.statistics, *weights)


def write(
    fitted: Fitted, source_sha256: Callable[[], str], folder: Path
) -> tuple[Dataset, dict[str, int]]:
    """Write the rows of all splits, those of the training encoded.

    Returns the content of `dataset.json`, and the number of rows of each split. The rows pass block
    by block, so examples on disk need no more memory than a block.

    Args:
        source_sha256: returns the hash of the source, which may be computed meanwhile.
        folder: existing; gets `dataset.json` and a folder for each split.

    Raises:
        DataError: A value is beyond float32.
    """
    data, examples, encoding, where = (
        fitted.data,
        fitted.examples,
        fitted.encoding,
        fitted.data.path,
    )
    train = fitted.splits["train"]
    splits = fitted.splits | {"sample": train[:: max(1, -(-len(train) // SAMPLE_ROWS))]}
    _Writer(fitted, folder).write(splits)
    latest = _convert_latest(examples, encoding, where)
    counts = {name: len(rows) for name, rows in splits.items()} | {"latest": len(latest.features)}
    _write_latest(latest, encoding, examples.text.names, folder / "latest")
    dataset = Dataset(
        source=data.source,
        task=examples.task,
        features=examples.feature_names,
        text=examples.text.names,
        shape=examples.shape or (len(examples.feature_names),),
        targets=examples.targets,
        classes=examples.classes,
        index_name=examples.index_name,
        today=examples.today,
        horizon=examples.horizon,
        encoding=encoding,
        source_sha256=source_sha256(),
        class_weights=fitted.class_weights,
        series=_used_series(examples),
    )
    prepared.write_dataset(dataset, counts, folder)
    return dataset, counts


class _Writer:
    """Writes the rows of all splits that have labels: encoded for training, raw otherwise."""

    def __init__(self, fitted: Fitted, folder: Path) -> None:
        self._examples, self._encoding = fitted.examples, fitted.encoding
        examples, encoding, self._where = fitted.examples, fitted.encoding, fitted.data.path
        self._weight = fitted.weight  # of the training rows, `[rows] float32`
        self._train_fits = fitted.statistics.fits_float32()
        self._folder, self._label_dtype = folder, _label_dtype(examples, encoding)
        texts = zip(encoding.text, examples.text.texts, strict=True) if encoding.text else ()
        self._code_of = [column.encode(found.tolist()) for column, found in texts]

    def write(self, splits: dict[str, np.ndarray]) -> None:
        """Write the rows of each split, given by their ascending numbers."""
        with ExitStack() as stack:
            writers = {
                name: stack.enter_context(self._open(name, len(rows)))
                for name, rows in splits.items()
            }
            all_blocks = blocks(*self._examples.features.shape)
            for parts in map_ahead(partial(self._divide, splits), all_blocks):
                for name, part in parts.items():
                    writers[name].append(part)

    def _divide(
        self, splits: Mapping[str, np.ndarray], block: slice
    ) -> dict[str, Split | EncodedRows]:
        """Return the rows of a block by split, as they are written."""
        parts = dict[str, Split | EncodedRows]()
        is_train = len(rows_in_block(splits["train"], block)) == block.stop - block.start
        raw = self._read(block, is_checked=is_train and self._train_fits)
        for name, rows in splits.items():
            numbers = rows_in_block(rows, block)
            chosen = _as_slice(numbers)
            if name == "train":
                begin = rows.dtype.type(block.start)  # another dtype would copy `rows`
                first = int(np.searchsorted(rows, begin))
                parts[name] = self._encode(raw.select(chosen), block, chosen, first)
            elif len(numbers):
                text = self._examples.text_of(block) if len(self._code_of) else raw.text
                parts[name] = replace(raw, text=text).select(chosen)
        return parts

    def _open(self, name: str, rows: int) -> RowsWriter:
        examples, encoding = self._examples, self._encoding
        features, targets = len(examples.feature_names), len(examples.targets)
        index = _index(examples, slice(0, 0)).dtype
        arrays = {
            "features": (encoding.dtype, (rows, features)),
            "label": (self._label_dtype, (rows, targets)),
            "index": (index, (rows,)),
        }
        if name != "train":
            if examples.weight is not None:
                arrays["weight"] = "float64", (rows, 1)
            return RowsWriter(self._folder / name, arrays, examples.text.names)
        arrays["features"] = "float32", (rows, features)
        arrays["label"] = "float32", (rows, targets)
        arrays["codes"] = "int32", (rows, len(encoding.depths))
        if self._weight is not None:
            arrays["weight"] = "float32", (rows, 1)
        return RowsWriter(self._folder / name, arrays, ())

    def _read(self, block: slice, is_checked: bool) -> Split:
        """Return all rows of a block in the dtypes that the graph is fed, without their text.

        Args:
            is_checked: whether all values are known to be in the range of float32.
        """
        examples, where = self._examples, self._where
        index, index_name = _index(examples, block), examples.index_name
        features, label = examples.features[block], examples.label[block]
        if not is_checked:
            require_float32(features, examples.feature_names, where, index, index_name)
            require_float32(label, examples.targets, where, index, index_name)
        features = features.astype(self._encoding.dtype, copy=False)
        label = label.astype(self._label_dtype, copy=False)
        weight = None if examples.weight is None else examples.weight[block, None]
        return Split(features, label, index, np.empty((len(label), 0), object), weight)

    def _encode(
        self, raw: Split, block: slice, chosen: np.ndarray | slice, first: int
    ) -> EncodedRows:
        """Return the chosen rows of a block as the graph computes them.

        Args:
            first: number of training rows before the block.
        """
        parts = encode_parts(raw.features, self._encoding)
        count = len(raw.label)
        codes = np.empty((count, len(self._encoding.depths)), np.int32)
        for number, code_of in enumerate(self._code_of):
            codes[:, number] = code_of[self._examples.text.codes[block, number][chosen]]
        codes[:, len(self._code_of) :] = parts
        numbers, weight = encode_numbers(raw.features, self._encoding), self._weight
        weight = None if weight is None else weight[first : first + count, None]
        label = encode_label(raw.label, self._encoding)
        return EncodedRows(numbers, label, raw.index, codes, weight)


def _as_slice(rows: np.ndarray) -> np.ndarray | slice:
    """Return ascending row numbers as a slice where they have no gap; it copies nothing."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _used_series(examples: Examples) -> Series | None:
    """Return how those lagged columns are made that are features."""
    if examples.series is None:
        return None
    used = [lag for lag in examples.series.lags if lag.name in examples.feature_names]
    return replace(examples.series, lags=tuple(used)) if used else None


@contextmanager
def _name_file(where: str) -> Iterator[None]:
    """Put the file before the message about its rows."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _label_dtype(examples: Examples, encoding: Encoding) -> str:
    """Return the dtype of raw labels: that of raw features for a quantity, else float32."""
    return encoding.dtype if examples.kind.scales_label else "float32"


def _index(examples: Examples, block: slice) -> np.ndarray:
    rows = np.arange(block.start + 1, block.stop + 1)
    return rows if examples.index is None else examples.index[block]


def _write_latest(latest: Split, encoding: Encoding, text: Sequence[str], folder: Path) -> None:
    arrays = {
        "features": (encoding.dtype, latest.features.shape),
        "label": (latest.label.dtype, latest.label.shape),
        "index": (latest.index.dtype, latest.index.shape),
    }
    with RowsWriter(folder, arrays, text) as writer:
        writer.append(latest)


def _convert_latest(examples: Examples, encoding: Encoding, where: str) -> Split:
    """Return the rows to forecast, which have no label."""
    values, index = examples.latest_features, examples.latest_index
    if values is None or index is None:
        values, index = examples.features[0:0], _index(examples, slice(0, 0))
    require_float32(values, examples.feature_names, where, index, examples.index_name)
    features = values.astype(encoding.dtype, copy=False)
    label = np.empty((0, len(examples.targets)), _label_dtype(examples, encoding))
    return Split(features, label, index, np.empty((len(index), len(examples.text.names)), object))
