"""The verbs of `pipeline`, thin: each reads its arguments, calls a room, prints the result."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pipeline import memory
from pipeline.errors import ConfigError, DataError, PipelineError, from_system

# A run makes no request to take what could not be sent before when so many have passed.
MOST_SECONDS_BEFORE_A_RUN = 10

DVC_REPRO = [sys.executable, "-m", "dvc", "repro"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code. A mistake of the user's is one message."""
    memory.collect_rarely()
    memory.keep_freed()
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.verb(parsed))
    except (PipelineError, OSError) as raised:
        error = from_system(raised) if isinstance(raised, OSError) else raised
        print(f"pipeline: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "pipeline", description="Train, freeze and prove static-graph TensorFlow models."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    run = verbs.add_parser(
        "run",
        help="compose conf/ with overrides, then run what changed",
        description="Compose conf/ with overrides in Hydra's grammar into params.yaml, check it,"
        " and run `dvc repro`.",
        epilog="example: pipeline run model=mlp train=minibatch optimizer=adam device=cpu",
    )
    run.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="or GROUP=OPTION")
    run.add_argument("--dry-run", action="store_true", help="print params.yaml, change nothing")
    run.set_defaults(verb=_run)

    sweep = verbs.add_parser(
        "sweep",
        help="run every combination of values, then print a table",
        description="Run every combination of the values that overrides name, one after another;"
        " print their metrics with mean and standard deviation.",
        epilog="example: pipeline sweep data.split=kfold 'data.fold=range(0,5)'",
    )
    sweep.add_argument("overrides", nargs="+", metavar="KEY=A,B", help="or GROUP=A,B")
    sweep.add_argument("-o", "--output", type=Path, help="write the table to a CSV file, too")
    sweep.set_defaults(verb=_sweep)

    predict = verbs.add_parser("predict", help="add a model's prediction to a CSV or Parquet file")
    predict.add_argument(
        "model", type=Path, help="a frozen graph, a SavedModel folder or a checkpoint folder"
    )
    predict.add_argument("input", type=Path, help="CSV or Parquet; columns are found by name")
    predict.add_argument("-o", "--output", type=Path, required=True, help="CSV or Parquet")
    predict.set_defaults(verb=_predict)

    inspect = verbs.add_parser("inspect", help="look at a model without executing it")
    inspect.add_argument(
        "path", type=Path, help="a .pb, a SavedModel or checkpoint folder, a prefix"
    )
    inspect.add_argument("--ops", action="store_true", help="list every operation")
    inspect.add_argument("--json", action="store_true", help="print it as JSON")
    inspect.set_defaults(verb=_inspect)

    reproduce = verbs.add_parser(
        "reproduce",
        help="run again in a temporary copy, and compare every file",
        description="Run in a temporary copy of the repository and compare every file with the"
        " results here, or, with --twice, with those of a second copy. Without overrides,"
        " params.yaml is taken as it is.",
        epilog="example: pipeline reproduce --twice experiment=cosine",
    )
    reproduce.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="or GROUP=OPTION")
    reproduce.add_argument("--twice", action="store_true", help="compare two new runs")
    reproduce.set_defaults(verb=_reproduce)

    sync = verbs.add_parser("sync", help="send the runs to MLflow that could not be sent before")
    sync.set_defaults(verb=_sync)

    doctor = verbs.add_parser(
        "doctor", help="say what stands in the way here: installation, devices, stores, leftovers"
    )
    doctor.add_argument("--fix", action="store_true", help="mend what can be mended")
    doctor.set_defaults(verb=_doctor)

    ui = verbs.add_parser("ui", help="browse the runs in MLflow, on this machine only")
    ui.add_argument("--port", type=int, default=5000)
    ui.set_defaults(verb=_ui)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from pipeline import composition
    from pipeline.doctor import repository, work
    from pipeline.tracking import address, spool

    settings, text = composition.composed(arguments.overrides)
    if arguments.dry_run:
        print(text, end="")
    else:
        work.require_nobody()
        composition.publish(text)
        repository.free()
        with address.impatient():
            spool.send_or_warn(min(settings.tracking.patience, MOST_SECONDS_BEFORE_A_RUN))
        _become_dvc_repro()
    return 0


def _become_dvc_repro() -> NoReturn:
    """Let DVC take this process over.

    So a kill meets the one that holds DVC's locks, and the exit code is DVC's own.
    """
    sys.stdout.flush()
    os.execve(sys.executable, DVC_REPRO, _composed_environment())  # noqa: S606


def _composed_environment() -> dict[str, str]:
    """Return the environment of a `dvc repro` that is to keep params.yaml as it is."""
    from pipeline.stages.config import ALREADY_COMPOSED

    # The stages run `python`: let it be this one, also where its environment is not activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, ALREADY_COMPOSED: "1"}


def _sweep(arguments: argparse.Namespace) -> int:
    from pipeline import sweep
    from pipeline.data.tables import write_table
    from pipeline.doctor import work

    if arguments.output is not None and not arguments.output.resolve().parent.is_dir():
        raise DataError(f"{arguments.output}: there is no such folder to write to")
    work.require_nobody()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the `dvc repro` under way
    results, failures = sweep.run(arguments.overrides, DVC_REPRO, _composed_environment())
    if len(results):
        print(f"\n{sweep.as_table(results)}")
        if arguments.output is not None:
            write_table(results, arguments.output)
    return failures[0].exit_code if failures else 0


def _reproduce(arguments: argparse.Namespace) -> int:
    from pipeline import reproduction

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the run under way
    environment = _composed_environment()
    print(reproduction.check(arguments.overrides, arguments.twice, DVC_REPRO, environment))
    return 0


def _predict(arguments: argparse.Namespace) -> int:
    from pipeline import prediction

    print(prediction.predict(arguments.model, arguments.input, arguments.output))
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    from pipeline.artifacts.inspection import inspect

    model = inspect(arguments.path)
    print(model.to_json(arguments.ops) if arguments.json else model.to_text(arguments.ops))
    return 0


def _sync(arguments: argparse.Namespace) -> int:
    from pipeline.tracking import spool

    if not Path("dvc.yaml").is_file():
        raise ConfigError("there is no dvc.yaml here; go to the repository's root")
    if not spool.send():
        print("nothing is kept: MLflow has all runs")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from pipeline import doctor

    return doctor.run(arguments.fix)


def _ui(arguments: argparse.Namespace) -> int:
    from pipeline.tracking import address

    uri = address.tracking_uri()
    if uri.startswith(("http://", "https://")):
        print(f"the runs are on the tracking server: {address.shown()}")
        return 0
    command = [sys.executable, "-m", "mlflow", "ui"]
    command += ["--host", "127.0.0.1", "--port", str(arguments.port), "--workers", "1"]
    print(f"http://127.0.0.1:{arguments.port} (end with Ctrl-C)")
    # One worker and no job runner: a sixth of the memory.
    environment = {
        **os.environ,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_BACKEND_STORE_URI": uri,  # not an argument: it may hold a password
    }
    return subprocess.run(command, env=environment).returncode
