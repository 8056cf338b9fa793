"""The process in which a model is loaded and frozen: a job comes in, what was written goes out."""

from pipeline.freezing import job
from pipeline.repository import environment, limited


def work(question: str) -> str:
    """Do the job in JSON, and return `Written` as JSON."""
    environment.configure(verbosity="quiet")
    from pipeline.freezing.writing import write  # imports TensorFlow

    return job.WRITTEN.dump_json(write(job.parse(question))).decode()


if __name__ == "__main__":
    limited.answer(work)
