"""Predictions as users get them: `pipeline predict` as a command, and MLflow's pyfunc."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import clone, inference
from benchmarks.clone import Clone
from benchmarks.workload import Contender, Job, Setting, Workload

COLUMNS = [f"x_{number}" for number in range(inference.COLUMNS)]
SCRIPTS = clone.REPOSITORY / "benchmarks/scripts"
# Calls of a job by rows a call; those of MLflow's flavours are a tenth of them.
CALLS = {"1": 500, "100000": 10}

# What limits both commands.
LIMITS = (
    "two thirds of the command for one row are the import of TensorFlow, which the scripts import,"
    " too; pandas, the model's checks and the session are the rest. Text of a CSV file is read as"
    " text, so that the other columns are passed on as they are, and each cell is parsed by the"
    " rules of `prepare`; Parquet and .npy need none of this."
)


def _command(name: str, rows: str, required: float) -> Workload:
    one = partial(Contender, options=(rows,))
    plural = "" if rows == "1" else "s"
    return Workload(
        name=name,
        module=__name__,
        title=f"`pipeline predict` as a command: MLP 32-64-64-1, {int(rows):,} row{plural}",
        unit="one command",
        scale=1,
        result="mean prediction",
        contenders=(
            Contender("pipeline predict, CSV", "command", (rows, ".csv"), ours=True),
            Contender("pipeline predict, Parquet", "command", (rows, ".parquet"), ours=True),
            Contender("pipeline predict, .npy", "command", (rows, ".npy"), ours=True),
            one("a script: pandas, import_graph_def, CSV", "frozen_script", required=required),
            one("a script: pandas, Keras predict, CSV", "keras_script", required=1),
        ),
        limits=LIMITS,
        note="The command also checks the graph before it is run, all hashes and all cells.",
    )


def _pyfunc(name: str, rows: str, sklearn: float) -> Workload:
    one = partial(Contender, options=(rows,))
    plural = "" if rows == "1" else "s"
    return Workload(
        name=name,
        module=__name__,
        title=f"MLflow's pyfunc: MLP 32-64-64-1, {int(rows):,} row{plural} a call",
        unit="one call",
        scale=1,
        result="mean prediction",
        contenders=(
            one("pipeline", "pyfunc", ours=True),
            one("MLflow's flavour of Keras", "keras_pyfunc", required=5, most_rounds=1),
            one("MLflow's flavour of scikit-learn, linear", "sklearn_pyfunc", required=sklearn),
        ),
        limits="the network alone takes twice as long as all of the linear model's call.",
        note="`load_model` once, then `predict` with a DataFrame. A linear model computes next to"
        " nothing: its time is that of MLflow's checks of the table.",
    )


COMMAND_ONE = _command("predict_one", "1", required=0.9)
COMMAND_MANY = _command("predict_many", "100000", required=0.9)
PYFUNC_ONE = _pyfunc("pyfunc_one", "1", sklearn=1)
PYFUNC_MANY = _pyfunc("pyfunc_many", "100000", sklearn=0.5)


def command(setting: Setting, rows: str, ending: str) -> Job:
    """`pipeline predict artifacts/frozen/model.pb`, which writes what it reads."""
    inference.read_weights(setting)  # for the others, which import another Keras
    line = (sys.executable, "-m", "pipeline", "predict", "artifacts/frozen/model.pb")
    return _job_of_command(setting, rows, ending, lambda source, to: (*line, source, "-o", to))


def frozen_script(setting: Setting, rows: str) -> Job:
    """The frozen graph in a session of TensorFlow 1, without any check."""
    line = (sys.executable, str(SCRIPTS / "predict_frozen.py"), "artifacts/frozen/model.pb")
    return _job_of_command(setting, rows, ".csv", lambda source, to: (*line, source, to))


def keras_script(setting: Setting, rows: str) -> Job:
    """A saved Keras model with the same weights."""
    file = setting.scratch / "mlp.keras"
    if not file.exists():
        _keras(setting).save(file)
    line = (sys.executable, str(SCRIPTS / "predict_keras.py"), str(file))
    return _job_of_command(setting, rows, ".csv", lambda source, to: (*line, source, to))


def _job_of_command(
    setting: Setting, rows: str, ending: str, line: Callable[[str, str], tuple[str, ...]]
) -> Job:
    repository = Clone(inference.train(setting))
    source, to = _write(setting, int(rows), ending), setting.scratch / f"predicted{ending}"

    def run() -> None:
        repository.run(*line(str(source), str(to)))

    def result() -> float:
        match ending:
            case ".npy":
                return float(np.load(to).mean())
            case ".csv":
                return float(pd.read_csv(to)["prediction"].mean())
        return float(pd.read_parquet(to)["prediction"].mean())

    return Job(run, 1, result, repeats=setting.size(3, 1), in_children=True)


def _write(setting: Setting, rows: int, ending: str) -> Path:
    """Return a file with the rows; the first contender writes it."""
    file = setting.scratch / f"{rows}{ending}"
    if not file.exists():
        table = _table(rows)
        match ending:
            case ".npy":
                np.save(file, table.to_numpy())
            case ".csv":
                table.to_csv(file, index=False)
            case _:
                table.to_parquet(file, index=False)
    return file


def _table(rows: int) -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=(rows, len(COLUMNS)))
    return pd.DataFrame(values.astype(np.float32).astype(np.float64), columns=COLUMNS)


def pyfunc(setting: Setting, rows: str) -> Job:
    """The model that the stage `track` logs."""
    from benchmarks import pipeline_calls

    folder = setting.scratch / "pyfunc"
    if not folder.exists():
        inference.read_weights(setting)  # for the others, which import another Keras
        pipeline_calls.save_mlflow_model(inference.train(setting), folder)
    return _job_of_calls(folder, setting, rows, CALLS[rows])


def keras_pyfunc(setting: Setting, rows: str) -> Job:
    """`mlflow.keras` with a signature, as MLflow infers it."""
    import mlflow

    folder = setting.scratch / "keras"
    if not folder.exists():
        model, sample = _keras(setting), _table(5).to_numpy()
        signature = mlflow.models.infer_signature(sample, model.predict(sample, verbose=0))
        mlflow.keras.save_model(model, str(folder), signature=signature)
    return _job_of_calls(folder, setting, rows, max(1, CALLS[rows] // 10))


def sklearn_pyfunc(setting: Setting, rows: str) -> Job:
    """`mlflow.sklearn` of a linear regression with a signature, as MLflow infers it."""
    import mlflow
    from sklearn.linear_model import LinearRegression

    folder = setting.scratch / "sklearn"
    if not folder.exists():
        sample = _table(1000)
        model = LinearRegression().fit(sample, sample.sum(axis=1))
        signature = mlflow.models.infer_signature(sample, model.predict(sample))
        mlflow.sklearn.save_model(model, str(folder), signature=signature)
    return _job_of_calls(folder, setting, rows, CALLS[rows])


def _job_of_calls(folder: Path, setting: Setting, rows: str, calls: int) -> Job:
    import mlflow

    predict, table = mlflow.pyfunc.load_model(str(folder)).predict, _table(int(rows))
    calls = setting.size(calls, 1)

    def run() -> None:
        for _ in range(calls):
            predict(table)

    return Job(run, calls, lambda: float(np.mean(np.asarray(predict(table)))))


def _keras(setting: Setting) -> Any:
    """Return the network as a Keras model with the trained weights."""
    import keras

    dense, weights = keras.layers.Dense, inference.read_weights(setting)
    hidden = [dense(inference.HIDDEN, activation="relu") for _ in inference.LAYERS[:-1]]
    model = keras.Sequential([keras.layers.Input([len(COLUMNS)]), *hidden, dense(1)])
    model.set_weights(
        [weights[f"{layer}/{part}"] for layer in inference.LAYERS for part in ("weights", "bias")]
    )
    return model
