"""The signature of a model: all that is needed to use one of its forms without the training code.

`model.json` lies beside every form: the names, dtypes and shapes of its tensors, the columns they
stand for, the scaling that is inside the graph, the network, and the hashes of the form's files and
of itself.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter

from pipeline import files
from pipeline.data.prepared import Dataset
from pipeline.data.scaling import Scaling
from pipeline.errors import ArtifactError, one_line
from pipeline.graph.inference import FEATURES, PREDICTION, Model
from pipeline.graph.losses import Head
from pipeline.settings.model import Network

FILE = "model.json"
FORMAT = 3

AGAIN = "copy the whole folder again, or make it again: dvc repro"

_SEAL = "sha256_of_the_rest"


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives.

    Attributes:
        model: what the inference graph is built from, besides the variables' values.
        task: what it is for.
        classes: names of the classes, in the order of the outputs; none where it predicts numbers.
        source: the kind of data source; it tells how features can be derived from raw columns.
        features: names of the columns, in the order of `features:0`.
        target: what the prediction is called.
        step: training steps done.
        hashes: SHA-256 by the names of the form's files.
    """

    model: Model
    task: str
    source: str
    features: tuple[str, ...]
    target: str
    classes: tuple[str, ...]
    step: int
    hashes: dict[str, str] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the signature as `model.json` holds it."""
        return {
            "format": FORMAT,
            "task": self.task,
            "network": self.model.network.model_dump(),
            "head": self.model.head,
            "source": self.source,
            "step": self.step,
            "inputs": {
                f"{FEATURES}:0": {
                    "dtype": "float32",
                    "shape": [None, len(self.features)],
                    "columns": list(self.features),
                    "example_shape": list(self.model.shape),
                }
            },
            "outputs": {
                f"{PREDICTION}:0": {
                    "dtype": "float32",
                    "shape": [None, self.model.outputs],
                    "columns": list(self.classes) or [self.target],
                    "target": self.target,
                }
            },
            "scaling_inside_the_graph": dataclasses.asdict(self.model.scaling),
            "sha256": self.hashes,
        }


def named(signature: Signature, prediction: np.ndarray) -> dict[str, np.ndarray]:
    """Return a prediction `[rows, outputs]` as columns: of a class its name and its probability."""
    if signature.task != "classification":
        return {PREDICTION: prediction[:, 0]}
    names = np.array(signature.classes, object)
    return {PREDICTION: names[prediction.argmax(1)], "probability": prediction.max(1)}


def of(dataset: Dataset, model: Model, step: int) -> Signature:
    """Return the signature of a model that was trained on a data set."""
    return Signature(
        model,
        dataset.task,
        dataset.source,
        dataset.features,
        dataset.target,
        dataset.classes,
        step,
    )


def write(signature: Signature, path: Path) -> None:
    """Write `model.json` atomically."""
    values = signature.to_json()
    files.write_json(path, {**values, _SEAL: _seal(values)})


def _seal(values: dict[str, Any]) -> str:
    return hashlib.sha256(files.to_json(values).encode()).hexdigest()


def read(path: Path) -> Signature:
    """Read `model.json`.

    Raises:
        ArtifactError: it is missing or damaged.
    """
    if not path.is_file():
        raise ArtifactError(f"{path} is missing; it names the model's columns and tensors; {AGAIN}")
    values = _parsed(path)
    try:
        if values["format"] != FORMAT:
            raise ArtifactError(
                f"{path} has format {values['format']}, and {FORMAT} is known here; make the model"
                " again: dvc repro"
            )
        if values.pop(_SEAL) != _seal(values):
            raise ArtifactError(
                f"{path} was changed after it was written: {_SEAL} is of other contents; {AGAIN}"
            )
        return _signature(values)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        kind = type(error).__name__
        raise ArtifactError(f"{path} is damaged: {kind}: {one_line(error)}; {AGAIN}") from None


def read_if_signed(path: Path) -> Signature | None:
    """Read the signature of a model that may be a stranger's, who may have a `model.json` as well.

    Raises:
        ArtifactError: it is damaged.
    """
    values = _parsed(path) if path.is_file() else None
    return read(path) if isinstance(values, dict) and _SEAL in values else None


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ArtifactError(f"{path} is damaged: it is no JSON; {AGAIN}") from None


def _signature(values: dict[str, Any]) -> Signature:
    given, found = values["inputs"][f"{FEATURES}:0"], values["outputs"][f"{PREDICTION}:0"]
    scaling = values["scaling_inside_the_graph"]
    model = Model(
        network=_NETWORK.validate_python(values["network"]),
        scaling=Scaling(
            tuple(scaling["feature_mean"]),
            tuple(scaling["feature_scale"]),
            scaling["label_mean"],
            scaling["label_scale"],
        ),
        shape=tuple(given["example_shape"]),
        outputs=found["shape"][1],
        head=_HEAD.validate_python(values["head"]),
    )
    return Signature(
        model=model,
        task=values["task"],
        source=values["source"],
        features=tuple(given["columns"]),
        target=found["target"],
        classes=tuple(found["columns"]) if values["task"] == "classification" else (),
        step=values["step"],
        hashes=dict(values["sha256"]),
    )


_HEAD: TypeAdapter[Head] = TypeAdapter(Head)
_NETWORK: TypeAdapter[Network] = TypeAdapter(Annotated[Network, Field(discriminator="name")])
