"""Whether a model is one of this pipeline, told without TensorFlow."""

import json
from pathlib import Path

from pipeline.models.metadata import foreign_sidecar
from pipeline.models.metadata.arithmetic import FILES, KEY


def is_own(model: Path) -> bool:
    """Tell whether a sidecar of this pipeline lies with a model.

    Other software writes files of that name, too, and `pipeline freeze` does for third-party
    models. A sidecar that cannot be read counts: whoever opens the model says what is wrong.
    """
    folder = model.parent if model.suffix == ".pb" else model
    for file in (folder / name for name in FILES):
        if file.is_file():
            try:
                values = json.loads(file.read_text(encoding="utf-8"))
            except (ValueError, RecursionError):
                return True
            is_sidecar = isinstance(values, dict) and KEY in values
            return is_sidecar and values.get("format") != foreign_sidecar.FORMAT
    return False
