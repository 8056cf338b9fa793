"""Run one stage: `python -m pipeline.stages NAME`."""

import importlib
import os
import signal
import sys
from pathlib import Path

from pipeline import files, inputs, memory, parameters
from pipeline.errors import ParityError, PipelineError, TrainingError, from_system
from pipeline.settings import Settings
from pipeline.stages import process

STAGES = ("config", "prepare", "train", "freeze", "evaluate", "track")


def main(name: str) -> int:
    """Run a stage with the checked settings; returns the exit code.

    A mistake of the user's is one message. Whatever goes wrong, the stage's earlier outs are put
    back, as DVC removes them before it runs the stage.
    """
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    process.end_with_parent()
    try:
        with process.alone(f"stage {name}", Path(".dvc/tmp/stage.lock"), process.PATIENCE_SECONDS):
            files.remove_partials()
            try:
                _run(name)
            except BaseException:
                put_back(name)
                raise
    except (PipelineError, OSError) as raised:
        error = from_system(raised) if isinstance(raised, OSError) else raised
        print(f"\n{name} failed: {error}\n", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"\n{name} was interrupted; the same command goes on", file=sys.stderr)
        return 130
    return 0


def _run(name: str) -> None:
    if name == "config":
        importlib.import_module("pipeline.stages.config").run()
        return
    chosen = parameters.load(files.PARAMS)
    inputs.require_unchanged(chosen)
    # TensorFlow reads this when it is imported.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1" if chosen.device.onednn else "0"
    try:
        importlib.import_module(f"pipeline.stages.{name}").run(chosen)
    except (TrainingError, ParityError) as error:
        _mark_failed(chosen, error)
        raise


def _mark_failed(chosen: Settings, reason: PipelineError) -> None:
    from pipeline.tracking import spool
    from pipeline.tracking.execution import Execution

    files.TRACKED.unlink(missing_ok=True)  # what was tracked is no longer the last word
    try:
        spool.keep(Execution.current(chosen, failure=str(reason)))
        spool.send_or_warn(chosen.tracking.patience)
    except (PipelineError, OSError) as raised:
        error = from_system(raised) if isinstance(raised, OSError) else raised
        print(f"warning: the failure is not in MLflow: {error}", file=sys.stderr)


def put_back(name: str) -> None:
    """Check the missing outs of a stage out of DVC's cache, as dvc.lock has them."""
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            for out in repo.stage.load_one(name=name).outs:
                if not out.exists and out.hash_info:
                    out.checkout(force=True, allow_missing=True)
    except Exception as error:  # whatever it is, why the stage failed is to be heard
        print(f"warning: earlier outs are not put back: {error}; try dvc checkout", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in STAGES:
        sys.exit(f"usage: python -m pipeline.stages {{{','.join(STAGES)}}}")
    process.use_code_of_work_tree(sys.argv[1:])
    memory.collect_rarely()
    memory.keep_freed()
    sys.exit(main(sys.argv[1]))
