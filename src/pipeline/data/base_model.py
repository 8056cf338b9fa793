"""The encoding of a base model, which a network that goes on from its frozen graph takes over."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.data.disk_rows import select_columns
from pipeline.data.examples import Examples
from pipeline.data.numeric_columns import require_columns
from pipeline.data.prepared.dataset import FEATURES, TEXT, parse_encoding
from pipeline.data.prepared.encoding import Encoding
from pipeline.data.prepared.scaling import Scaling
from pipeline.errors import DataError

SIDECAR = "model.json"


@dataclass(frozen=True)
class BaseModel:
    """What a base model takes.

    Attributes:
        features: names of its numbers; None where it does not name them.
        text: names of its text columns.
        encoding: its own; None where the graph is fed raw float32 numbers.
        scales_label: whether labels are scaled as without a base.
    """

    features: tuple[str, ...] | None = None
    text: tuple[str, ...] = ()
    encoding: Encoding | None = None
    scales_label: bool = True


# That of a whole model with its own loss: all numbers are in their own units.
RAW = BaseModel(scales_label=False)


def read_base_model(graph: Path) -> BaseModel:
    """Read what the `model.json` beside a frozen graph says of its inputs.

    Where there is none, or it is of other software, the graph is fed raw numbers as they come.
    """
    try:
        values = json.loads(graph.with_name(SIDECAR).read_text(encoding="utf-8"))
        inputs = values["inputs"]
        features = tuple(inputs[f"{FEATURES}:0"]["columns"])
        if "encoding_inside_the_graph" not in values:
            return BaseModel(features)
        text = tuple(inputs.get(f"{TEXT}:0", {}).get("columns", ()))
        return BaseModel(features, text, parse_encoding(values["encoding_inside_the_graph"]))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return BaseModel()


def adopt(base: BaseModel, examples: Examples, label: Scaling) -> tuple[Examples, Encoding]:
    """Return the columns that the base takes, in its order, and its encoding with own labels.

    Raises:
        DataError: a column of the base is missing, or is of another kind here.
    """
    features = base.features or examples.feature_names
    if not examples.shape:
        require_columns(examples.feature_names, features, "the base of model.graph takes numbers")
        require_columns(examples.text.names, base.text, "the base of model.graph takes text")
    else:
        features = examples.feature_names
    numbers = [examples.feature_names.index(name) for name in features]
    latest = examples.latest_features
    text = [examples.text.names.index(name) for name in base.text]
    used = replace(
        examples,
        features=select_columns(examples.features, numbers),
        feature_names=tuple(features),
        latest_features=None if latest is None else latest[:, numbers],
        text=examples.text.select_columns(text),
    )
    count = len(numbers)
    encoding = base.encoding or Encoding(
        Scaling((0.0,) * count, (1.0,) * count, (), ()), dtype="float32"
    )
    if examples.fill is not None and not encoding.fills():
        raise DataError(
            f"data.missing={examples.fill}: the base of model.graph fills no gaps; set"
            " data.missing=drop, or fill them in the file"
        )
    if not base.scales_label:
        targets = len(label.label_mean)
        label = replace(label, label_mean=(0.0,) * targets, label_scale=(1.0,) * targets)
    scaling = replace(encoding.scaling, label_mean=label.label_mean, label_scale=label.label_scale)
    return used, replace(encoding, scaling=scaling)
