"""The arithmetic of a model, read without TensorFlow, whose import already decides on oneDNN."""

import json
from contextlib import suppress
from pathlib import Path

KEY = "proven_with"  # of model.json
FILES = ("model.json", "assets.extra/model.json")  # of a checkpoint or frozen graph; a SavedModel


def read_onednn(model: Path) -> bool | None:
    """Tell whether a model was proven with oneDNN; None where its sidecar cannot tell.

    Whoever opens the model explains what is wrong with its sidecar.
    """
    folder = model.parent if model.suffix == ".pb" else model
    for name in FILES:
        with suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
            values = json.loads((folder / name).read_text(encoding="utf-8"))
            return bool(values[KEY]["onednn"])
    return None
