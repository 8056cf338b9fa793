"""A stage from its start to its exit code: settings, lock, messages, and what a failure leaves."""

import importlib
import logging
import signal
import sys

from pipeline import config
from pipeline.config import side_files
from pipeline.errors import ParityError, PipelineError, TrainingError, from_system
from pipeline.reporting import console
from pipeline.repository import dvc, environment, folder, locks
from pipeline.repository.parent import end_with_parent
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace, files

_log = logging.getLogger("pipeline.stages")

# Blocked from the start of the process until they can be answered.
INTERRUPTS = {signal.SIGINT, signal.SIGTERM}


def main(name: str, workspace: Workspace, reason: str) -> int:
    """Run a stage with the checked settings; returns the exit code.

    A user's mistake is reported in one message. After any failure the earlier outs of the stage
    are restored, as DVC removes them before it runs the stage.

    Args:
        reason: why this process runs it.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    end_with_parent()
    lock = workspace.root / ".dvc/tmp/stage.lock"
    patience = locks.PATIENCE_SECONDS
    try:
        if signal.sigpending() & INTERRUPTS:  # it waits until the outs can be restored
            patience = 0
        else:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
        folder.require_usable(workspace)
        with (
            console.show_messages(workspace, environment.verbosity()),
            locks.alone(f"stage {name}", lock, patience),
        ):
            _log.debug("stage %s: started in %s: %s", name, workspace.root, reason)
            for partial in files.find_partials(workspace.published_folders):
                files.discard_partial(partial)  # nobody else is writing it
            try:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
                _run(name, workspace)
            except BaseException:
                dvc.restore_missing_outs(name, workspace)
                raise
    except (PipelineError, OSError) as raised:
        error = from_system(raised)
        print(f"\n{name} failed: {workspace.relative(error)}\n", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"\n{name} was interrupted; the same command continues it", file=sys.stderr)
        return 130
    return 0


def _run(name: str, workspace: Workspace) -> None:
    if name == "config":  # the only stage that has no settings yet
        environment.configure()
        importlib.import_module("pipeline.stages.config").run(workspace)
        return
    settings = config.load(workspace)
    side_files.require_unchanged(settings, workspace)
    environment.configure(onednn=settings.device.onednn)
    try:
        importlib.import_module(f"pipeline.stages.{name}").run(settings, workspace)
    except (TrainingError, ParityError) as error:
        _record_failure(settings, workspace, error)
        raise


def _record_failure(settings: Settings, workspace: Workspace, reason: PipelineError) -> None:
    """Mark the execution as failed in MLflow, or warn if that is not possible."""
    from pipeline.tracking import spool
    from pipeline.tracking.execution import Execution

    workspace.tracked.unlink(missing_ok=True)  # it names the run before this one
    try:
        failed = Execution.current(settings, workspace, failure=workspace.relative(reason))
        spool.keep(failed, workspace)
        spool.send_or_warn(workspace, settings.tracking.patience)
    except (PipelineError, OSError) as error:
        _log.warning("the failure is not in MLflow: %s", from_system(error))
