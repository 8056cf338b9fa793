"""The description of a model, from a process of its own: TensorFlow aborts on some graphs."""

import json
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.graphdef.examine import find_refused, parts_of
from pipeline.graphdef.locate import locate
from pipeline.models.metadata import sealing
from pipeline.repository import limited
from pipeline.repository.limited import Limits

WORKER = "pipeline.inspection.worker"


def describe(path: Path, operations: bool, as_json: bool, limits: Limits) -> str:
    """Return the description of a model as tables or as JSON, with every operation or without.

    Raises:
        ArtifactError: there is no model, or its files are damaged or too large.
        EndedEarlyError: TensorFlow aborted, or needed more than the limits.
        ReportedError: the model cannot be described.
    """
    examine(path)
    question = {"path": str(path), "operations": operations, "json": as_json}
    answer = limited.ask(WORKER, json.dumps(question), limits)
    return str(answer["text"])


def examine(path: Path) -> None:
    """Read the files before TensorFlow does; a sidecar tells more about damage than a reader.

    Raises:
        ArtifactError: there is no model, or its files are damaged or too large.
    """
    try:
        files = locate(path)
        for part in parts_of(files):
            find_refused(part, files)
    except ArtifactError:
        if sealing.lies_beside(path):
            from pipeline.foreign.described import require_described  # imports TensorFlow

            require_described(path)
        raise
