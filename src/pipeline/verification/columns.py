"""What the columns of a model's inputs and outputs are called, where a model.json says so.

MLflow gives such a model a table with these columns, and answers with one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.data.prepared.dataset import FEATURES, TEXT
from pipeline.data.prepared.tasks import name_columns
from pipeline.graph.inference import PREDICTION
from pipeline.graphdef.locate import ModelFiles
from pipeline.models.forms import saved_model
from pipeline.models.metadata import sidecar
from pipeline.models.metadata.sidecar import Recipe


@dataclass(frozen=True)
class Columns:
    """Names of columns by the name of the input or output; empty where nothing is known."""

    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_columns(files: ModelFiles) -> Columns:
    """Return the columns of a model that this pipeline trained.

    Raises:
        ArtifactError: its sidecar is damaged.
    """
    folder = Path(files.file or files.path).parent
    for name in (sidecar.FILE, saved_model.SIDECAR):
        if found := sidecar.read_if_sealed(folder / name):
            return _columns_of(found.recipe)
    return Columns()


def _columns_of(recipe: Recipe) -> Columns:
    inputs = {FEATURES: recipe.features, TEXT: recipe.text}
    if recipe.classes:
        outputs = tuple(f"probability_{name}" for name in recipe.classes)
    else:
        outputs = tuple(name_columns(PREDICTION, recipe.targets))
    return Columns(
        {name: columns for name, columns in inputs.items() if columns}, {PREDICTION: outputs}
    )
