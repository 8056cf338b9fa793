"""The process in which a third-party model predicts."""

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from pipeline.prediction.options import Options
from pipeline.repository import environment, limited


@dataclass(frozen=True)
class Question:
    """What is predicted; the model was examined."""

    model: Path
    source: Path
    to: Path
    options: Options


_QUESTION = TypeAdapter(Question)


def to_json(question: Question) -> str:
    """Return a question as JSON."""
    return _QUESTION.dump_json(question).decode()


def work(text: str) -> str:
    """Predict as a question in JSON asks for, and return what was written."""
    environment.configure(verbosity="quiet")
    from pipeline.prediction import foreign  # imports TensorFlow

    asked = _QUESTION.validate_json(text)
    return json.dumps({"said": foreign.predict(asked.model, asked.source, asked.to, asked.options)})


if __name__ == "__main__":
    limited.answer(work)
