"""The frozen graph as an MLflow model. MLflow runs this file alone, without the package.

A table has the model's columns by name, with raw values: numbers and booleans; text; dates, or
seconds since 1970-01-01 UTC in their place. Predictions are in the target's own units. `model.json`
says which column is where. TensorFlow is imported when the model is loaded, because MLflow also
runs this file when it logs the model.
"""

import json
import numbers
import os
import sys
import warnings
import weakref
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

# The last bits depend on the number of rows in a piece, so all forms use the same.
ROWS_AT_ONCE = 32_768
# Whole numbers beyond it are not all float64.
LARGEST_WHOLE = 2**53

Reader = Callable[[pd.DataFrame, int], np.ndarray]


class FrozenModel(PythonModel):
    """Feeds all inputs and fetches `prediction:0`, always in the same session.

    The output column is `prediction`, or `prediction_TARGET` for each of several targets. A
    classification also has its `probability`, and a `probability_NAME` for each class.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read the graph and its sidecar; TensorFlow is set up as the model was proven."""
        sidecar = json.loads(Path(context.artifacts["signature"]).read_text(encoding="utf-8"))
        output = sidecar["outputs"]["prediction:0"]
        has_classes = sidecar["head"] != "values"
        self._classes = np.array(output["columns"], object) if has_classes else None
        several = [f"prediction_{name}" for name in output["columns"]]
        self._targets = several if len(several) > 1 else ["prediction"]
        encoding = sidecar.get("encoding_inside_the_graph", {})
        self._readers = [
            _text_reader(facts["columns"], encoding)
            if facts["dtype"] == "string"
            else _number_reader(facts["columns"], facts["dtype"], encoding)
            for facts in sidecar["inputs"].values()
        ]
        proven_with = sidecar.get("proven_with", {})
        _set_up_tensorflow(proven_with)
        content = Path(context.artifacts["graph"]).read_bytes()
        self._run = _open(content, list(sidecar["inputs"]), proven_with)

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return the prediction for each row of a table, or of what pandas makes one of.

        Raises:
            MlflowException: a column is missing, a cell is missing or is not what the model takes,
                or a prediction is not a number; the message names column and row.
        """
        table = pd.DataFrame(model_input)
        firsts = range(0, max(1, len(table)), ROWS_AT_ONCE)
        pieces = [self._predict(table.iloc[i : i + ROWS_AT_ONCE], i) for i in firsts]
        prediction = np.concatenate(pieces)
        if self._classes is None:
            return pd.DataFrame(prediction, columns=self._targets)
        table = pd.DataFrame(prediction, columns=[f"probability_{name}" for name in self._classes])
        table.insert(0, "prediction", self._classes[prediction.argmax(1)])
        table.insert(1, "probability", prediction.max(1))
        return table

    def _predict(self, piece: pd.DataFrame, before: int) -> np.ndarray:
        """Return the prediction of some rows, `[rows, outputs]`; there are `before` before them."""
        feeds = [read(piece, before) for read in self._readers]
        if not len(piece):  # convolutions refuse no rows
            empty = [("" if feed.dtype == object else 0, feed) for feed in feeds]
            feeds = [np.full((1, feed.shape[1]), cell, feed.dtype) for cell, feed in empty]
        prediction: np.ndarray = self._run(*feeds)[: len(piece)]
        wrong = np.flatnonzero(~np.isfinite(prediction).all(1))
        if len(wrong):
            raise _refusal("the prediction", before + wrong[0], "is not a finite number")
        return prediction


def _number_reader(columns: Sequence[str], dtype: str, encoding: dict[str, Any]) -> Reader:
    """Return a function that reads numbers and dates from a table, `[rows, columns]`."""
    dates = {columns[int(place)] for place in encoding.get("dates", {})}
    fills = encoding.get("fill") or [None] * len(columns)
    marks = encoding.get("na_values", ())
    limit = float(np.finfo(np.float32).max)

    def read(table: pd.DataFrame, before: int) -> np.ndarray:
        plain = None if dates or marks else _read_plain(table, columns, limit)
        if plain is not None:
            return plain.astype(dtype, copy=False)
        values = np.empty((len(table), len(columns)))
        for place, (name, fill) in enumerate(zip(columns, fills, strict=True)):
            cells = _clear_marks(_column(table, name), marks, name not in dates)
            if name in dates:
                found = _read_dates(cells, before, encoding.get("date_format"))
            else:
                found = _read_numbers(cells, before)
            missing = np.flatnonzero(np.isnan(found))
            if fill is None and len(missing):
                reason = "is missing, and the model does not fill it: fill it, or drop the row"
                raise _refusal(f"column {name!r}", before + missing[0], reason)
            wrong = np.flatnonzero(np.abs(found) > limit)
            if len(wrong):
                reason = f"is {found[wrong[0]]:g}, which is beyond float32"
                raise _refusal(f"column {name!r}", before + wrong[0], reason)
            values[:, place] = found
        return values.astype(dtype, copy=False)

    return read


def _text_reader(columns: Sequence[str], encoding: dict[str, Any]) -> Reader:
    """Return a function that reads text from a table, `[rows, columns]`; a missing cell is ""."""
    marks = encoding.get("na_values", ())

    def read(table: pd.DataFrame, before: int) -> np.ndarray:
        values = np.full((len(table), len(columns)), "", object)
        for place, name in enumerate(columns):
            cells = _clear_marks(_column(table, name), marks, are_numbers=False)
            present = cells.notna().to_numpy(bool)
            found = cells.to_numpy(object)[present]
            wrong = [number for number, cell in enumerate(found) if not isinstance(cell, str)]
            if wrong:
                row = before + np.flatnonzero(present)[wrong[0]]
                reason = f"is {found[wrong[0]]!r}, which is not text; pandas reads text with"
                reason += f" dtype={{{name!r}: str}}"
                raise _refusal(f"column {name!r}", row, reason)
            values[present, place] = found
        return values

    return read


def _read_plain(table: pd.DataFrame, columns: Sequence[str], limit: float) -> np.ndarray | None:
    """Return columns of NumPy's numbers as float64, if none needs a closer look; it is faster."""
    found = table.loc[:, table.columns.isin(columns)]  # others where one is missing or doubled
    kinds = {dtype.kind if isinstance(dtype, np.dtype) else "" for dtype in found.dtypes}
    if len(found.columns) != len(columns) or not kinds <= set("fiub"):
        return None
    values: np.ndarray = found[columns].to_numpy(np.float64)
    bound = limit if kinds <= {"f"} else LARGEST_WHOLE
    return values if (np.abs(values) < bound).all() else None


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    cells = table.get(name)
    if not isinstance(cells, pd.Series):
        problem = "lacks the column" if cells is None else "has several columns"
        raise MlflowException.invalid_parameter_value(f"the table {problem} {name!r}")
    return cells.astype(object) if isinstance(cells.dtype, pd.CategoricalDtype) else cells


def _clear_marks(cells: pd.Series, marks: Collection[str], are_numbers: bool) -> pd.Series:
    """Return cells without those that count as empty (`data.na_values`), or equal numbers."""
    if not marks:
        return cells
    values = pd.to_numeric(pd.Series(list(marks), dtype=object), errors="coerce")
    equal = set(values.dropna()) if are_numbers else set()

    def is_mark(cell: object) -> bool:
        if isinstance(cell, str):
            return cell.strip() in marks
        if isinstance(cell, bool) or not isinstance(cell, (numbers.Real, Decimal)):
            return False
        return float(cell) in equal

    found = np.fromiter(map(is_mark, cells), bool, len(cells))
    return cells.astype(object).mask(found) if found.any() else cells


def _read_numbers(cells: pd.Series, before: int) -> np.ndarray:
    """Return numbers, booleans and the seconds of durations as float64; NaN for a missing one."""
    types = pd.api.types
    cells = cells.dt.total_seconds() if cells.dtype.kind == "m" else cells
    is_exact = types.is_float_dtype(cells) or types.is_bool_dtype(cells.dtype)
    is_real = types.is_numeric_dtype(cells) and not types.is_complex_dtype(cells)
    if is_exact or (is_real and not ((cells > LARGEST_WHOLE) | (cells < -LARGEST_WHOLE)).any()):
        return cells.to_numpy(np.float64, na_value=np.nan)
    values = np.full(len(cells), np.nan)
    for row in np.flatnonzero(cells.notna().to_numpy(bool)):
        cell = cells.iloc[row]
        where = f"column {cells.name!r}", int(before + row)
        if not isinstance(cell, (numbers.Real, Decimal, np.bool_)):
            raise _refusal(*where, f"is {str(cell)[:40]!r}, which is not a number")
        if isinstance(cell, numbers.Integral) and abs(int(cell)) > LARGEST_WHOLE:
            raise _refusal(*where, f"is {cell}; whole numbers beyond 2^53 lose digits")
        values[row] = float(cell)
    return values


def _read_dates(cells: pd.Series, before: int, date_format: str | None) -> np.ndarray:
    """Return dates as seconds since 1970-01-01 UTC; NaN where one is missing."""
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells.dtype):
        return _read_numbers(cells, before)
    if pd.api.types.is_datetime64_any_dtype(cells):
        times = pd.to_datetime(cells, utc=True)
    else:
        words = cells.map(str)
        times = pd.to_datetime(words, format=date_format or "ISO8601", errors="coerce", utc=True)
        # pandas accepts words such as "now".
        is_date = words.str.match(r"\s*\d").to_numpy(bool) & times.notna().to_numpy(bool)
        wrong = np.flatnonzero(~is_date & cells.notna().to_numpy(bool))
        if len(wrong):
            reason = f"is {words.iloc[wrong[0]][:40]!r}, which is not a date such as 1999-01-04"
            raise _refusal(f"column {cells.name!r}", before + wrong[0], reason)
    utc = times.dt.tz_localize(None).to_numpy()
    whole = utc.astype("datetime64[s]")
    seconds = whole.astype(np.int64) + (utc - whole) / np.timedelta64(1, "s")
    return np.where(np.isnat(utc), np.nan, seconds)


def _refusal(what: str, row: int, reason: str) -> MlflowException:
    """Return an error about a row, which is counted from 0 here and from 1 in the message."""
    text = f"{what}, row {row + 1} (counted from 1) {reason}"
    error: MlflowException = MlflowException.invalid_parameter_value(text)
    return error


def _set_up_tensorflow(proven_with: dict[str, Any]) -> None:
    """Import TensorFlow as the model was proven, or warn once that it is set up otherwise."""
    is_imported = "tensorflow" in sys.modules
    if proven_with and not is_imported:
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(proven_with["onednn"]))
    import tensorflow as tf
    from tensorflow.python.util._pywrap_util_port import IsMklEnabled

    if not proven_with:
        return
    threads, config, differing = tf.config.threading, tf.config.experimental, []
    wanted = proven_with["intra_op_threads"], proven_with["inter_op_threads"]
    is_on_gpu = proven_with["device"] == "gpu"
    if not is_imported:
        threads.set_intra_op_parallelism_threads(wanted[0])
        threads.set_inter_op_parallelism_threads(wanted[1])
        if is_on_gpu:  # on a CPU, neither changes what a frozen graph computes
            config.enable_op_determinism()
            config.enable_tensor_float_32_execution(proven_with["tensor_float_32"])
    # A build without oneDNN computes the same with either value.
    is_without = proven_with["onednn"] and os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1"
    if IsMklEnabled() != proven_with["onednn"] and not is_without:
        differing.append(f"oneDNN (TF_ENABLE_ONEDNN_OPTS={int(proven_with['onednn'])})")
    found = threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads()
    if tuple(number or 0 for number in found) != wanted:
        differing.append(f"threads (intra {wanted[0]}, inter {wanted[1]}; 0: number of cores)")
    if is_on_gpu and not tf.config.list_physical_devices("GPU"):
        differing.append("a GPU")
    elif is_on_gpu and config.tensor_float_32_execution_enabled() != proven_with["tensor_float_32"]:
        differing.append("TF32")
    if differing:
        text = f"the model was proven with another choice of {', '.join(differing)} than TensorFlow"
        text += " has in this process, so the last bits of predictions can differ; load the model"
        warnings.warn(f"{text} before TensorFlow is imported", stacklevel=2)


def _open(content: bytes, feeds: list[str], proven_with: dict[str, Any]) -> Callable[..., Any]:
    """Return the function of a frozen graph, from its inputs to the prediction."""
    import tensorflow as tf
    from tensorflow.core.protobuf import config_pb2
    from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

    definition, graph = tf.compat.v1.GraphDef(), tf.Graph()
    definition.ParseFromString(content)
    with graph.as_default():
        tf.import_graph_def(definition, name="")
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    if proven_with:
        config.intra_op_parallelism_threads = proven_with["intra_op_threads"]
        config.inter_op_parallelism_threads = proven_with["inter_op_threads"]
        if proven_with["device"] == "cpu":
            config.device_count["GPU"] = 0
        if not proven_with["fused_kernels"]:
            config.graph_options.rewrite_options.remapping = RewriterConfig.OFF
    session = tf.compat.v1.Session(graph=graph, config=config)
    # `Session.make_callable` prepares calls in Python, for a pool of threads: one row takes longer.
    options = config_pb2.CallableOptions(feed=feeds, fetch=["prediction:0"])
    options.run_options.inter_op_thread_pool = -1  # the caller's thread
    run = session._make_callable_from_options(options)
    weakref.finalize(run, session.close)  # at exit, too, before TensorFlow is taken apart
    return lambda *arrays: run(*arrays)[0]


set_model(FrozenModel())
