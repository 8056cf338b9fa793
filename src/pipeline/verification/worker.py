"""The process in which a model is loaded and run: a request comes in, a report goes out."""

import json

from pipeline.repository import environment, limited
from pipeline.verification import request


def work(question: str) -> str:
    """Verify what a request as JSON asks for, and return the report as JSON."""
    environment.configure(verbosity="quiet")
    from pipeline.verification.verify import verify  # imports TensorFlow

    return json.dumps(verify(request.parse(question)).to_json())


if __name__ == "__main__":
    limited.answer(work)
