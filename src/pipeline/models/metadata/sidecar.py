"""The recipe of a model, and its sidecar: `model.json`, which lies beside every form.

It holds the interface, the recipe, the hashes of the form's files and a hash of itself, its seal.
With it a form can be used without the training code.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter

from pipeline.data.prepared.dataset import FEATURES, TEXT, Dataset, parse_encoding
from pipeline.data.prepared.series import Series, parse_series
from pipeline.data.prepared.tasks import name_columns
from pipeline.errors import ArtifactError, one_line
from pipeline.graph.inference import PREDICTION, InferenceSpec
from pipeline.graph.losses import Head
from pipeline.graphdef.interface import Interface as Interface
from pipeline.graphdef.interface import Shape as Shape
from pipeline.graphdef.interface import TensorSpec as TensorSpec
from pipeline.models.metadata import foreign_sidecar, sealing
from pipeline.models.metadata.arithmetic import KEY as PROVEN_WITH
from pipeline.schema.training.device import Arithmetic
from pipeline.schema.training.model import Network

FILE = sealing.FILE
FORMAT = 4

# What to do about a damaged model; the end of many messages.
REMEDY = "copy the whole folder again, or make it again: dvc repro"

# The key of the lagged columns; only where there are some.
SERIES = "lagged_columns"

_HEAD: TypeAdapter[Head] = TypeAdapter(Head)
_ARITHMETIC: TypeAdapter[Arithmetic] = TypeAdapter(Arithmetic)
_NETWORK: TypeAdapter[Network] = TypeAdapter(Annotated[Network, Field(discriminator="name")])


@dataclass(frozen=True)
class Recipe:
    """How to rebuild a model that this pipeline trained, and what its values mean."""

    inference: InferenceSpec  # what the inference graph is built from, besides variables
    task: str
    source: str  # kind of the data source; it tells how features are derived from raw columns
    features: tuple[str, ...]  # names of the numbers, in the order of the input
    text: tuple[str, ...]  # names of the text columns, in the order of the input
    targets: tuple[str, ...]
    classes: tuple[str, ...]  # in the order of the outputs; empty for predicted numbers
    step: int  # number of training steps done
    series: Series | None = None  # how lagged columns are made; None where there are none

    def interface(self) -> Interface:
        """Return the interface of the inference graph: `features` to `prediction`."""
        spec = self.inference
        inputs = [TensorSpec(FEATURES, spec.encoding.dtype, (None, spec.columns), f"{FEATURES}:0")]
        if self.text:
            inputs.append(TensorSpec(TEXT, "string", (None, len(self.text)), f"{TEXT}:0"))
        shape, name = (None, spec.outputs), f"{PREDICTION}:0"
        return Interface(tuple(inputs), (TensorSpec(PREDICTION, spec.label_dtype, shape, name),))

    @property
    def target(self) -> str:
        """The names of the targets, for people."""
        return ", ".join(self.targets)

    def name_columns(self, prediction: np.ndarray) -> dict[str, np.ndarray]:
        """Turn `[rows, outputs]` into columns: numbers, or a class and its probability."""
        if not self.classes:
            columns = name_columns(PREDICTION, self.targets)
            return dict(zip(columns, prediction.T, strict=True))
        names = np.array(self.classes, object)
        return {PREDICTION: names[prediction.argmax(1)], "probability": prediction.max(1)}


@dataclass(frozen=True)
class Sidecar:
    """The contents of `model.json`."""

    interface: Interface
    recipe: Recipe
    arithmetic: Arithmetic  # that the forms were compared with
    hashes: dict[str, str] = dataclasses.field(default_factory=dict)  # SHA-256 by file name

    def to_json(self) -> dict[str, Any]:
        """Return the contents as JSON values, without the seal."""
        (prediction,) = self.interface.outputs
        recipe, inference = self.recipe, self.recipe.inference
        columns = {FEATURES: recipe.features, TEXT: recipe.text}
        return {
            "format": FORMAT,
            "task": recipe.task,
            "network": inference.network.model_dump(),
            "head": inference.head,
            "source": recipe.source,
            "step": recipe.step,
            "example_shape": inference.shape,
            "inputs": {
                spec.tensor: {
                    "dtype": spec.dtype,
                    "shape": spec.shape,
                    "columns": columns[spec.name],
                }
                for spec in self.interface.inputs
            },
            "outputs": {
                prediction.tensor: {
                    "dtype": prediction.dtype,
                    "shape": prediction.shape,
                    "columns": recipe.classes or recipe.targets,
                    "targets": recipe.targets,
                }
            },
            "encoding_inside_the_graph": dataclasses.asdict(inference.encoding),
            **({SERIES: dataclasses.asdict(recipe.series)} if recipe.series else {}),
            PROVEN_WITH: dataclasses.asdict(self.arithmetic),
            "sha256": self.hashes,
        }


def describe(data: Dataset, inference: InferenceSpec, step: int, arithmetic: Arithmetic) -> Sidecar:
    """Return the sidecar of a model that was trained on a data set, without hashes."""
    recipe = Recipe(
        inference=inference,
        task=data.task,
        source=data.source,
        features=data.features,
        text=data.text,
        targets=data.targets,
        classes=data.classes,
        step=step,
        series=data.series,
    )
    return Sidecar(recipe.interface(), recipe, arithmetic)


def write(sidecar: Sidecar, path: Path) -> None:
    """Write `model.json` with its seal."""
    sealing.write(path, sidecar.to_json())


def read(path: Path) -> Sidecar:
    """Read `model.json`.

    Raises:
        ArtifactError: it is missing, damaged, changed, without a recipe, or of another format.
    """
    if not path.is_file():
        raise ArtifactError(
            f"{path} is missing; it names the model's columns and tensors; {REMEDY}"
        )
    values = sealing.parse(path, REMEDY)
    try:
        if values["format"] == foreign_sidecar.FORMAT:
            raise ArtifactError(
                f"{path} has no recipe: `pipeline freeze` made the model from a third-party one,"
                " which names no columns; give a model that this pipeline trained"
            )
        if values["format"] != FORMAT:
            raise ArtifactError(
                f"{path} has format {values['format']}, and this version reads format {FORMAT};"
                " make the model again: dvc repro"
            )
        sealing.require_seal(values, path, REMEDY)
        return _parse_sidecar(values)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        kind = type(error).__name__
        raise ArtifactError(f"{path} is damaged: {kind}: {one_line(error)}; {REMEDY}") from None


def belongs(name: str, folder: Path) -> bool:
    """Tell whether a file is in a folder, or is missing there and described by the sidecar."""
    file = folder / FILE
    return (folder / name).is_file() or (file.is_file() and name in read(file).hashes)


def _parse_sidecar(values: dict[str, Any]) -> Sidecar:
    inputs, prediction = values["inputs"], values["outputs"][f"{PREDICTION}:0"]
    targets, names = tuple(prediction["targets"]), tuple(prediction["columns"])
    interface = Interface(_specs(inputs), _specs(values["outputs"]))
    recipe = Recipe(
        inference=InferenceSpec(
            network=_NETWORK.validate_python(values["network"]),
            encoding=parse_encoding(values["encoding_inside_the_graph"]),
            shape=tuple(values["example_shape"]),
            outputs=prediction["shape"][1],
            head=_HEAD.validate_python(values["head"]),
        ),
        task=values["task"],
        source=values["source"],
        features=tuple(inputs[f"{FEATURES}:0"]["columns"]),
        text=tuple(inputs.get(f"{TEXT}:0", {}).get("columns", ())),
        targets=targets,
        classes=() if names == targets else names,
        step=values["step"],
        series=parse_series(values.get(SERIES)),
    )
    arithmetic = _ARITHMETIC.validate_python(values[PROVEN_WITH])
    return Sidecar(interface, recipe, arithmetic, dict(values["sha256"]))


def _specs(tensors: dict[str, Any]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(name.partition(":")[0], tensor["dtype"], tuple(tensor["shape"]), name)
        for name, tensor in tensors.items()
    )
