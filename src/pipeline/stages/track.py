"""Stage `track`: the results become a complete run in MLflow.

They are kept in the spool first and sent from there, so that a store that is away costs no result
and no run. The only out says which execution was tracked from this work tree. It is neither in Git
nor in DVC's cache, so that a fresh clone, and results restored from the cache, still end with their
run.
"""

from pipeline import files
from pipeline.settings import Settings
from pipeline.tracking import spool
from pipeline.tracking.execution import Execution


def run(settings: Settings) -> None:
    """Record this execution, and all that are still kept."""
    execution = Execution.current(settings)
    spool.keep(execution)
    spool.send_or_warn(settings.tracking.patience)
    print(f"{files.REPORT} shows the results, `pipeline ui` compares runs")
    files.write_json(files.TRACKED, {"execution": execution.identity})
