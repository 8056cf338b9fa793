"""Stage `evaluate`: all forms of the model on the test rows, the gate, metrics, figures, report."""

import logging
from functools import partial
from typing import TYPE_CHECKING

from pipeline.errors import ParityError
from pipeline.evaluation import gate, publishing, tasks
from pipeline.evaluation.report.results import as_table
from pipeline.models import coefficients
from pipeline.models.forms import checkpoint
from pipeline.models.run.registry import list_forms
from pipeline.workspace import Workspace, files

if TYPE_CHECKING:
    from pipeline.schema.settings import Settings

_log = logging.getLogger(__name__)


def run(settings: "Settings", workspace: Workspace) -> None:
    """Evaluate; the report is published also when the gate fails.

    Raises:
        ParityError: a restored form does not agree with eager execution.
        ArtifactError: the checkpoint has no sound sidecar, or was trained on other data.
    """
    inputs = gate.read_inputs(workspace)
    read_variables = partial(checkpoint.read_variables, workspace.checkpoint)
    task = tasks.choose(inputs.dataset, settings.train.margin, inputs.history, read_variables)
    grid = task.grid(inputs.sample, inputs.test)
    runtime = gate.prepare_runtime(settings.device, settings.export.devices, workspace)
    forms = list_forms(settings.export.devices)
    predictions = gate.run_forms(forms, runtime, inputs, grid)
    verdict = gate.judge(predictions, forms, inputs, settings.evaluation.parity, task)
    files.write_json(workspace.parity, verdict.to_json())
    print(verdict)
    results = publishing.measure(inputs, predictions, grid, verdict, task, settings.train.loss)
    print(f"\n{as_table(results.metrics)}\n")
    publishing.publish(results, verdict, task, settings.evaluation.figures, workspace)
    if not verdict:
        failed = ", ".join(form.name for form in verdict.forms if not form.passed)
        raise ParityError(
            f"{failed} does not agree with {verdict.reference} execution; {workspace.parity} and"
            f" {workspace.report} have the details; make the forms again: dvc repro -f freeze, or"
            " change what the network does in inference alone"
        )
    print(coefficients.tabulate(workspace.checkpoint, workspace.frozen_graph), end="")
    for warning in results.metrics.get("warnings", ()):
        _log.warning("%s", warning)
