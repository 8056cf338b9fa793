"""Stage `track`: the results become a complete run in MLflow.

The only out names the execution that was tracked from this work tree. It is neither in Git nor in
DVC's cache, so a fresh clone, and results restored from the cache, still end with their run.
"""

import logging

from pipeline.schema.settings import Settings
from pipeline.tracking import spool
from pipeline.tracking.execution import Execution
from pipeline.workspace import Workspace, files

_log = logging.getLogger(__name__)


def run(settings: Settings, workspace: Workspace) -> None:
    """Prove the MLflow model, keep this execution in the spool, and send all that it keeps.

    A store that cannot be used costs a warning.

    Raises:
        ParityError: the MLflow model does not compute what the frozen graph computes.
    """
    from pipeline.tracking import mlflow_model  # imports MLflow

    mlflow_model.require_same_bits(workspace)
    execution = Execution.current(settings, workspace)
    spool.keep(execution, workspace)
    spool.send_or_warn(workspace, settings.tracking.patience)
    _log.info("%s shows the results, `pipeline ui` compares runs", workspace.report)
    files.write_json(workspace.tracked, {"execution": execution.identity})
