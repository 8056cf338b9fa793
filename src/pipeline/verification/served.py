"""A model behind `/invocations` of MLflow, as a form that is run over the network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import requests

from pipeline.errors import ArtifactError, one_line
from pipeline.foreign.loading import Loaded
from pipeline.graph.runner import Arrays, Runner
from pipeline.graphdef.interface import Interface, TensorSpec
from pipeline.graphdef.locate import Kind, ModelFiles
from pipeline.verification.opening import Opened
from pipeline.verification.sidecars import Columns

PATH = "/invocations"
SECONDS = 30


def open_served(url: str, interface: Interface, columns: Columns) -> Opened:
    """Return a served model as a form; it has the interface that was proven."""
    address = url if url.endswith(PATH) else url.rstrip("/") + PATH
    files = ModelFiles(Path(url), Kind.OUTPUTS)
    loaded = Loaded(files, interface, open_runner=lambda: ServedRunner(address, interface, columns))
    return Opened(url, "served model", loaded)


class ServedRunner(Runner):
    """Sends feeds as JSON: a table where the model takes named columns, else arrays by name."""

    def __init__(self, address: str, interface: Interface, columns: Columns) -> None:
        self.interface, self._address, self._columns = interface, address, columns

    def run(self, feeds: Arrays) -> dict[str, np.ndarray]:
        """Compute all outputs from all inputs, as `Runner.run` says."""
        self.require_inputs(feeds)
        answer = self._post(self._to_body(feeds))
        return {spec.name: self._read(answer, spec) for spec in self.interface.outputs}

    def close(self) -> None:
        """Leave the server as it is."""

    def _to_body(self, feeds: Arrays) -> dict[str, Any]:
        if not self._columns.inputs:
            return {"inputs": {name: _to_lists(array) for name, array in feeds.items()}}
        names = [name for key in feeds for name in self._columns.inputs[key]]
        parts = [np.asarray(array, object) for array in map(_to_objects, feeds.values())]
        rows = np.concatenate(parts, axis=1).tolist()
        return {"dataframe_split": {"columns": names, "data": rows}}

    def _post(self, body: Mapping[str, Any]) -> Any:
        try:
            answer = requests.post(self._address, json=body, timeout=SECONDS, allow_redirects=False)
            content = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError) as error:
            raise ArtifactError(
                f"{self._address} cannot be asked: {one_line(error)}; start it with"
                " `mlflow models serve`, and give its address with --url"
            ) from None
        if not isinstance(content, dict) or "predictions" not in content:
            said = answer.text[:300]
            raise ArtifactError(f"{self._address} answers {answer.status_code}: {said}")
        return content["predictions"]

    def _read(self, predictions: Any, spec: TensorSpec) -> np.ndarray:
        """Return an output from the answer: rows of named columns, arrays by name, or one array."""
        try:
            if names := self._columns.outputs.get(spec.name):
                predictions = [[row[name] for name in names] for row in predictions]
            elif isinstance(predictions, dict):
                predictions = predictions[spec.name]
            return np.asarray(predictions, np.dtype(spec.dtype))
        except (LookupError, TypeError, ValueError) as error:
            raise ArtifactError(
                f"{self._address} does not answer with output {spec.name}: {one_line(error)}"
            ) from None


def _to_lists(array: np.ndarray) -> Any:
    return _to_objects(array).tolist()


def _to_objects(array: np.ndarray) -> np.ndarray:
    """Return an array whose cells JSON can hold: text in place of bytes."""
    if array.dtype != object:
        return array
    decode = np.frompyfunc(lambda cell: cell.decode() if isinstance(cell, bytes) else cell, 1, 1)
    return np.asarray(decode(array), object)
