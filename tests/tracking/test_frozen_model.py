"""The columns of the MLflow model are those of its schema."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipeline.tracking import record
from pipeline.tracking.frozen_model import FrozenModel

from ..models import made
from ..small import examples


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "overrides", "expected"),
    [
        ("regression", ("model=linear",), ["prediction"]),
        (
            "classification",
            ("model=softmax",),
            ["prediction", "probability"]
            + [f"probability_{name}" for name in ("low", "middle", "high")],
        ),
    ],
)
def test_columns(settings, tmp_path: Path, task: str, overrides: tuple[str, ...], expected):
    chosen = settings(*overrides, "device=cpu", "train.steps=5")
    home = made.made(chosen, tmp_path / "model", task=task)
    model = FrozenModel()
    artifacts = {"graph": home / "frozen/model.pb", "signature": home / "frozen/model.json"}
    context = SimpleNamespace(artifacts=artifacts)
    model.load_context(context)
    dataset, rows = examples(task=task)
    found = model.predict(context, pd.DataFrame(rows.features, columns=list(dataset.features)))
    assert list(found) == expected == record._output_schema(dataset).input_names()
    if task == "classification":
        shares = found[expected[2:]].to_numpy()
        np.testing.assert_array_equal(found["probability"], shares.max(1))
        assert list(found["prediction"]) == list(np.array(dataset.classes)[shares.argmax(1)])
