"""The process in which a model that somebody else made predicts."""

import json
from pathlib import Path

from pipeline.prediction.options import Options
from pipeline.repository import environment, limited


def work(question: str) -> str:
    """Predict as a question of `to_question` asks for, and return what was written."""
    environment.configure(verbosity="quiet")
    from pipeline.prediction import foreign  # imports TensorFlow

    asked = json.loads(question)
    model, source, to = (Path(asked[key]) for key in ("model", "source", "to"))
    return json.dumps({"said": foreign.predict(model, source, to, Options(**asked["options"]))})


def to_question(model: Path, source: Path, to: Path, options: Options) -> str:
    """Return the question for `work`; the model was examined."""
    chosen = {
        "columns": {name: list(columns) for name, columns in options.columns.items()},
        "probabilities": options.probabilities,
        "skips": options.skips,
        "signature": options.signature,
        "trust": options.trust,
    }
    paths = {"model": str(model), "source": str(source), "to": str(to)}
    return json.dumps({**paths, "options": chosen})


if __name__ == "__main__":
    limited.answer(work)
