"""Stage `track`: the results become a complete run in MLflow.

Its only out says which execution was tracked from this work tree. It is neither in Git nor in
DVC's cache, so that a fresh clone, and results restored from the cache, still end with their run.
"""

import json

from pipeline import files, history, identity
from pipeline.data import prepared
from pipeline.settings import Settings
from pipeline.tracking import record


def run(settings: Settings) -> None:
    """Complete this execution's run, then say so."""
    results = record.Results(
        curve=history.read(files.HISTORY),
        metrics=json.loads(files.METRICS.read_text(encoding="utf-8")),
        device=json.loads(files.PLACEMENT.read_text(encoding="utf-8"))["device"],
        dataset=prepared.read_dataset(),
        train=prepared.read_split("train"),
    )
    name, new = record.complete(settings, results)
    print(f"MLflow run {name}: {'complete' if new else 'was already complete'}")
    print(f"{files.REPORT} shows the results, `pipeline ui` compares runs")
    files.write_json(files.TRACKED, {"execution": identity.of_execution(settings)})
