"""The MLflow model of the frozen graph: its description, and the proof that it computes the same.

MLflow runs `frozen_model.py` alone. So the proof saves the model, loads it as users do, and gives
it the rows as a table.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from mlflow.utils import requirements_utils

from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import Dataset, Split
from pipeline.data.prepared.tasks import name_columns
from pipeline.errors import ParityError, one_line
from pipeline.workspace import Workspace, digests

# pandas takes the most memory of all that a row needs; also the size of the pieces of a prediction.
ROWS_AT_ONCE = 32_768

# What MLflow makes once of the files of all installed packages.
MAP_OF_PACKAGES = "_MODULES_TO_PACKAGES"


def describe(workspace: Workspace) -> dict[str, Any]:
    """Return the arguments of MLflow's `save_model` and `log_model`: a model from code.

    It needs neither pickle nor this package. The signature has no inputs: for every type that
    MLflow knows it refuses whole numbers, gaps or booleans, and what has any type it checks cell by
    cell, which takes 30 times as long as the model. The model checks columns and values itself, and
    the metadata name them.
    """
    sidecar = json.loads(workspace.sidecar.read_text(encoding="utf-8"))
    columns = {name: tensor["columns"] for name, tensor in sidecar["inputs"].items()}
    versions, needed = digests.versions(), ("tensorflow", "pandas", "numpy")
    return {
        "python_model": str(Path(__file__).with_name("frozen_model.py")),
        "artifacts": {"graph": str(workspace.frozen_graph), "signature": str(workspace.sidecar)},
        "signature": ModelSignature(outputs=_output_schema(sidecar)),
        "metadata": {"columns": columns},
        "input_example": None,
        "pip_requirements": [f"{name}=={versions[name]}" for name in needed],
    }


@contextmanager
def trusted_requirements() -> Iterator[None]:
    """Let MLflow check the versions that a model needs without a search of all packages.

    It takes half a second to find what is installed under another name than it is imported by. The
    versions here are those that are installed, under their own names.
    """
    known = vars(requirements_utils)
    before, known[MAP_OF_PACKAGES] = known[MAP_OF_PACKAGES], {}
    try:
        yield
    finally:
        known[MAP_OF_PACKAGES] = before


def require_same_bits(workspace: Workspace) -> None:
    """Compare the MLflow model with the frozen graph, on test rows and many training rows.

    Raises:
        ParityError: it cannot be run, or a bit differs.
    """
    # Imports TensorFlow, with the settings of this process; the other modules here do without.
    from pipeline.models.run.form import predict_in_pieces
    from pipeline.models.run.registry import open_model

    dataset = prepared.read_dataset(workspace.prepared)
    with open_model(workspace.frozen, workspace) as runner, TemporaryDirectory() as folder:
        try:
            predict = _save_and_load(Path(folder) / "model", workspace)
        except Exception as error:  # whatever it is, users would get it
            raise _failure(f"cannot be loaded: {one_line(error)}") from error
        for where, rows in _rows(workspace):
            expected = predict_in_pieces(runner, rows.inputs())
            try:
                found = predict(_as_table(rows, dataset))
            except Exception as error:
                raise _failure(f"refuses {where}: {one_line(error)}") from error
            _require_equal(found, expected, dataset, where)


def _save_and_load(folder: Path, workspace: Workspace) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return the function `predict` of the model as users get it."""
    with warnings.catch_warnings():
        # Such warnings are for the authors of calls to MLflow, not for users.
        warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")
        with trusted_requirements():
            mlflow.pyfunc.save_model(folder, **describe(workspace))
            model = mlflow.pyfunc.load_model(str(folder))
        predict: Callable[[pd.DataFrame], pd.DataFrame] = model.predict
        return predict


def _rows(workspace: Workspace) -> Iterator[tuple[str, Split]]:
    """Yield raw rows in pieces, each with what it is for people."""
    test = prepared.read_split("test", workspace.prepared, mapped=True)
    for first in range(0, len(test.index), ROWS_AT_ONCE):
        yield f"test rows from {first + 1}", test.select(slice(first, first + ROWS_AT_ONCE))
    sample = prepared.read_split("sample", workspace.prepared)
    yield f"{len(sample.index)} training rows", sample


def _as_table(rows: Split, dataset: Dataset) -> pd.DataFrame:
    numbers = pd.DataFrame(np.array(rows.features), columns=list(dataset.features))
    return numbers.join(pd.DataFrame(rows.text, columns=list(dataset.text)))


def _require_equal(found: pd.DataFrame, expected: np.ndarray, dataset: Dataset, where: str) -> None:
    """Raise `ParityError` unless a table has the predictions, bit for bit, and their classes."""
    columns = list(name_columns("prediction", dataset.targets))
    if dataset.classes:
        columns = [f"probability_{name}" for name in dataset.classes]
    numbers = found[columns].to_numpy()
    is_alike = numbers.dtype == expected.dtype and numbers.shape == expected.shape
    equal = is_alike and _bits(numbers) == _bits(expected)
    if not np.all(equal):
        what = _difference(numbers, expected) if is_alike else "dtype or shape differ"
        raise _failure(f"does not agree with the frozen graph on {where}: {what}")
    if dataset.classes:
        names = np.array(dataset.classes, object)[expected.argmax(1)]
        if (found["prediction"].to_numpy(object) != names).any():
            raise _failure(f"names other classes for {where}")


def _failure(what: str) -> ParityError:
    """Return an error; the model has nothing but the frozen graph and what is installed."""
    remedy = "make setup installs the pinned versions; then dvc repro -f freeze"
    return ParityError(f"the MLflow model {what}; {remedy}")


def _bits(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values).view(f"i{values.itemsize}")


def _difference(found: np.ndarray, expected: np.ndarray) -> str:
    differs = (_bits(found) != _bits(expected)).any(1)
    largest = np.abs(found.astype(np.float64) - expected).max()
    return f"{differs.sum():,} of {len(differs):,} rows differ, by {largest:.3g} at most"


def _output_schema(sidecar: dict[str, Any]) -> Schema:
    output = sidecar["outputs"]["prediction:0"]
    kind, names = "double" if output["dtype"] == "float64" else "float", output["columns"]
    if sidecar["head"] == "values":
        several = [f"prediction_{name}" for name in names] if len(names) > 1 else ["prediction"]
        return Schema([ColSpec(kind, name) for name in several])
    probabilities = ["probability", *(f"probability_{name}" for name in names)]
    return Schema([ColSpec("string", "prediction"), *(ColSpec(kind, n) for n in probabilities)])
