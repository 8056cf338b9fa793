"""The gate: every form of the model computes the test rows, and must agree with the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pipeline.data.prepared import dataset as prepared
from pipeline.errors import ArtifactError, ParityError, PipelineError
from pipeline.evaluation import parity
from pipeline.evaluation.parity import Outputs, Requirement, Verdict
from pipeline.evaluation.report.results import Inputs
from pipeline.evaluation.tasks import Task
from pipeline.graph import devices
from pipeline.graph.inference import PREDICTION
from pipeline.models import learning_curve
from pipeline.models.forms import checkpoint, frozen_graph
from pipeline.models.metadata import hashes
from pipeline.models.run.form import Form, Runtime, predict_in_pieces
from pipeline.models.run.registry import REFERENCE
from pipeline.schema.evaluation import Parity
from pipeline.schema.training.device import Device
from pipeline.workspace import Workspace


@dataclass(frozen=True)
class Predictions:
    """What the restored forms computed: all for the test rows, the reference also for others."""

    outputs: dict[str, Outputs | str]  # by the names of the forms; or why there are none
    forecast: np.ndarray  # `[latest rows, outputs] float32`
    fitted: np.ndarray  # `[points of the grid, outputs] float32`

    def reference(self) -> np.ndarray:
        """Return the reference's prediction of the test rows, `[rows, outputs] float32`.

        Raises:
            ParityError: it could not be computed, or is not finite.
        """
        outputs = self.outputs[REFERENCE.name]
        if isinstance(outputs, str):
            raise ParityError(f"the model cannot be run: {outputs}")
        if np.isfinite(outputs[PREDICTION]).all():
            return outputs[PREDICTION]
        raise ParityError("the model gives NaN or infinity for test rows; see reports/parity.json")


def read_inputs(workspace: Workspace) -> Inputs:
    """Read the inputs from a workspace.

    Raises:
        ArtifactError: the checkpoint has no sound sidecar, or was trained on other data.
        DataError: the prepared data is missing or damaged.
    """
    dataset = prepared.read_dataset(workspace.prepared)
    recipe = checkpoint.read_sidecar(workspace.checkpoint).recipe
    fields = ("source", "task", "features", "target", "classes")
    differs = [name for name in fields if getattr(dataset, name) != getattr(recipe, name)]
    if dataset.scaling != recipe.inference.scaling:
        differs.append("scaling")
    if differs:
        raise ArtifactError(
            f"{workspace.checkpoint} was trained on other data than {workspace.prepared} holds:"
            f" {', '.join(differs)} differ; train again: dvc repro"
        )
    train, test, latest = (
        prepared.read_split(name, workspace.prepared) for name in ("train", "test", "latest")
    )
    history = learning_curve.read_table(workspace.history)
    return Inputs(dataset, train, test, latest, history)


def prepare_runtime(settings: Device, exported: Sequence[str], workspace: Workspace) -> Runtime:
    """Set the process up for a device; `exported` are those with a graph in a SavedModel."""
    device, _ = devices.choose_device(settings)
    devices.configure_process(settings, device)
    if "gpu" in exported and "GPU" not in device:
        # Here the graph for a GPU can only be shown to compute the same on the CPU.
        settings = settings.model_copy(update={"soft_placement": True})
    open_session = partial(devices.open_session, settings=settings, device=device)
    return Runtime(workspace, open_session, device)


def run_forms(
    forms: Sequence[Form], runtime: Runtime, inputs: Inputs, grid: np.ndarray
) -> Predictions:
    """Restore and run every form on the test rows; the reference on the other rows as well."""
    workspace = runtime.workspace
    outputs: dict[str, Outputs | str] = {}
    forecast = fitted = np.empty((0, 1), np.float32)
    for form in forms:
        try:
            _require_same_model(form, workspace)
            with form.open(form.folder(workspace), runtime) as runner:
                outputs[form.name] = {PREDICTION: predict_in_pieces(runner, inputs.test.features)}
                if form == REFERENCE:
                    forecast = predict_in_pieces(runner, inputs.latest.features)
                    fitted = predict_in_pieces(runner, grid)
        except PipelineError as error:
            outputs[form.name] = workspace.relative(error)
    return Predictions(outputs, forecast, fitted)


def judge(
    predictions: Predictions, forms: Sequence[Form], label: np.ndarray, settings: Parity, task: Task
) -> Verdict:
    """Compare the forms, each by its tolerance; the label is that of the test rows, `[rows, 1]`."""
    required = {
        form.name: Requirement(form.restored_by, getattr(settings, form.tolerance), form.tolerance)
        for form in forms
    }

    def cost(outputs: Outputs) -> float:
        return task.cost(outputs[PREDICTION], label)

    return parity.judge(predictions.outputs, required, REFERENCE.name, cost)


def _require_same_model(form: Form, workspace: Workspace) -> None:
    """Refuse a form of another training, by the hashes that were taken when it was frozen."""
    folder = form.folder(workspace)
    if folder == workspace.checkpoint:
        return
    trained = checkpoint.read_sidecar(workspace.checkpoint)
    frozen = frozen_graph.read_sidecar(workspace.frozen)
    hashes.require_same_training(trained, frozen, workspace.checkpoint)
    if folder != workspace.frozen:
        hashes.require_file(folder, frozen.hashes.get(form.reads))
