"""Which way a prediction goes: from a table or arrays, by a model of this pipeline or another."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.errors import ArtifactError, DataError
from pipeline.graphdef.examine import examine
from pipeline.graphdef.locate import Kind, locate
from pipeline.prediction import streams, worker
from pipeline.prediction.options import Options
from pipeline.prediction.ownership import is_own
from pipeline.prediction.worker import Question
from pipeline.prediction.writing import require_writable
from pipeline.repository import limited
from pipeline.workspace import Workspace, files

WORKER = "pipeline.prediction.worker"
MLFLOW = ("runs:/", "models:/")  # how the address of a model in MLflow begins


def predict(
    model: str | Path,
    source: Path,
    to: Path,
    workspace: Workspace,
    options: Options | None = None,
) -> str:
    """Write a copy of a table with the predictions as further columns, or predictions for arrays.

    Rows with too few rows before them for the model's lagged columns get no prediction.

    Args:
        model: path of a model, or `runs:/…` or `models:/…` of MLflow.
        source: a table with the model's columns, or `.npy`, `.npz` or `.json`; `-` for standard
            input.
        to: `.csv`, `.parquet`, `.jsonl`, `.npy` or `.npz`; `-` for standard output. An existing
            file is replaced after all rows are predicted.

    Returns:
        A message about what was written.

    Raises:
        ArtifactError: the path is not a model, or the model is damaged or refused.
        DataError: the input cannot be read, or does not fit the model.
        TrackingError: MLflow has no such model.
    """
    options = options or Options()
    with ExitStack() as stack:
        _require_output(to, source)
        path = stack.enter_context(_local(model, workspace))
        if not streams.is_standard(source) and not source.exists():
            raise DataError(f"{source}: no such file; give an existing one")
        _examine(path, options)
        given = stack.enter_context(streams.reading(source))
        written = stack.enter_context(streams.writing(to, given))
        partial = stack.enter_context(files.replacing(written))
        if is_own(path):
            from pipeline.prediction import own  # imports TensorFlow

            said = own.predict(path, given, partial, workspace, options)
        else:
            said = _predict_by_others(path, given, partial, options)
    return f"{to}: {said}"


def _predict_by_others(path: Path, source: Path, to: Path, options: Options) -> str:
    if options.limits is None:
        from pipeline.prediction import foreign  # imports TensorFlow

        return foreign.predict(path, source, to, options)
    question = worker.to_json(Question(path, source, to, options))
    return str(limited.ask(WORKER, question, options.limits)["said"])


@contextmanager
def _local(model: str | Path, workspace: Workspace) -> Iterator[Path]:
    """Yield the path of a model; one in MLflow is downloaded for as long as the block runs."""
    if not str(model).startswith(MLFLOW):
        yield Path(model)
        return
    from pipeline.tracking import registered  # imports MLflow

    with TemporaryDirectory() as folder:
        yield registered.download(str(model), Path(folder), workspace)


def _require_output(to: Path, source: Path) -> None:
    if streams.is_standard(to):
        return
    if to.resolve() == source.resolve():
        raise DataError(f"{to} is the input; give another file with -o")
    if to.exists() and not to.is_file():
        raise DataError(f"{to} is not a file; give a file to write with -o")
    require_writable(to)


def _examine(path: Path, options: Options) -> None:
    """Refuse a graph that could do more than compute."""
    try:
        found = locate(path)
    except ArtifactError:
        if is_own(path):  # whoever opens it says what is wrong with it
            return
        raise
    if is_own(path) and found.kind is Kind.CHECKPOINT:  # its graph is built in code
        return
    try:
        examine(found, options.trust)
    except ArtifactError:
        if is_own(path):  # its sidecar tells more about damage
            from pipeline.foreign.described import require_described  # imports TensorFlow

            require_described(path)
        raise
