"""What a model.json beside a model says: its outputs, and what their columns are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.data.prepared.dataset import FEATURES, TEXT
from pipeline.data.prepared.tasks import name_columns
from pipeline.graph.inference import PREDICTION
from pipeline.graphdef.locate import ModelFiles
from pipeline.models.forms import saved_model
from pipeline.models.metadata import hashes, sidecar
from pipeline.models.metadata.foreign_sidecar import ForeignSidecar
from pipeline.models.metadata.sidecar import Sidecar


@dataclass(frozen=True)
class Columns:
    """Names of columns by the name of the input or output; empty where nothing is known.

    MLflow gives a model with names a table, and gets one.
    """

    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_outputs(files: ModelFiles) -> tuple[str, ...]:
    """Return the tensors that the sidecar of a model names as its outputs; empty without one."""
    found = _find(files)
    return tuple(spec.tensor for spec in found.interface.outputs) if found else ()


def find_columns(files: ModelFiles) -> Columns:
    """Return the columns of a model that this pipeline trained."""
    found = _find(files)
    if not isinstance(found, Sidecar):
        return Columns()
    recipe = found.recipe
    inputs = {FEATURES: recipe.features, TEXT: recipe.text}
    if recipe.classes:
        outputs = tuple(f"probability_{name}" for name in recipe.classes)
    else:
        outputs = name_columns(PREDICTION, recipe.targets)
    named = {name: columns for name, columns in inputs.items() if columns}
    return Columns(named, {PREDICTION: outputs})


def _find(files: ModelFiles) -> Sidecar | ForeignSidecar | None:
    """Read the sidecar that describes these files; None where there is none.

    Raises:
        ArtifactError: it is damaged.
    """
    file = Path(files.file or f"{files.prefix}.index")
    for name in (sidecar.FILE, saved_model.SIDECAR):
        found = hashes.read_if_sealed(file.parent / name)
        if found and file.name in found.hashes:
            return found
    return None
