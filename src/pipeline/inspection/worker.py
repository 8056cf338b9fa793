"""The process in which a model is described: a path comes in, and text or JSON goes out."""

import json
from pathlib import Path

from pipeline.repository import environment, limited


def work(question: str) -> str:
    """Describe the model that a question of `pipeline.inspection.asking` is about."""
    environment.configure(verbosity="quiet")
    from pipeline.inspection.model import inspect  # imports TensorFlow

    asked = json.loads(question)
    model = inspect(Path(asked["path"]))
    write = model.to_json if asked["json"] else model.to_text
    return json.dumps({"text": write(asked["operations"])})


if __name__ == "__main__":
    limited.answer(work)
