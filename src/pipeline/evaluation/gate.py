"""The gate: every form of the model computes the test rows, and must agree with the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pipeline.data.prepared import dataset as prepared
from pipeline.data.prepared.dataset import FEATURES
from pipeline.data.prepared.encoding import encode_label
from pipeline.errors import ArtifactError, ParityError, PipelineError
from pipeline.evaluation import parity
from pipeline.evaluation.parity import Outputs, Requirement, Verdict
from pipeline.evaluation.report.results import Inputs
from pipeline.evaluation.tasks import Task
from pipeline.graph import devices
from pipeline.graph.inference import PREDICTION
from pipeline.graph.runner import Runner
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
    # The reference's, `[rows, outputs]`; empty where it cannot be run.
    sample: np.ndarray  # of training rows
    validation: np.ndarray
    forecast: np.ndarray  # of the latest rows
    fitted: np.ndarray  # of the points of the grid

    def reference(self) -> np.ndarray:
        """Return the reference's prediction of the test rows, `[rows, outputs]`.

        Raises:
            ParityError: it could not be computed, or is not finite for rows that have labels.
        """
        outputs = self.outputs[REFERENCE.name]
        if isinstance(outputs, str):
            raise ParityError(f"the model cannot be run: {outputs}")
        test = outputs[PREDICTION]
        measured = {"test": test, "validation": self.validation, "training": self.sample}
        for name, prediction in measured.items():
            if not np.isfinite(prediction).all():
                raise ParityError(
                    f"the model gives NaN or infinity for {name} rows (reports/parity.json); give a"
                    " smaller optimizer.learning_rate, or fix or drop the rows"
                )
        return test


def read_inputs(workspace: Workspace) -> Inputs:
    """Read the inputs from a workspace.

    Raises:
        ArtifactError: the checkpoint has no sound sidecar, or was trained on other data.
        DataError: the prepared data is missing or damaged.
    """
    dataset = prepared.read_dataset(workspace.prepared)
    recipe = checkpoint.read_sidecar(workspace.checkpoint).recipe
    fields = ("source", "task", "features", "text", "targets", "classes", "series")
    differs = [name for name in fields if getattr(dataset, name) != getattr(recipe, name)]
    if dataset.encoding != recipe.inference.encoding:
        differs.append("encoding")
    if differs:
        raise ArtifactError(
            f"{workspace.checkpoint} was trained on other data than {workspace.prepared} holds:"
            f" {', '.join(differs)} differ; train again: dvc repro"
        )
    sample, validation, test, latest = (
        prepared.read_split(name, workspace.prepared)
        for name in ("sample", "validation", "test", "latest")
    )
    return Inputs(
        dataset=dataset,
        network=recipe.inference.network.name,
        step=recipe.step,
        train=prepared.read_training_rows(workspace.prepared),
        sample=sample,
        validation=validation,
        test=test,
        latest=latest,
        history=learning_curve.read_table(workspace.history),
    )


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
    others = inputs.sample, inputs.validation, inputs.latest
    computed = [np.empty((0, 1), np.float32)] * (len(others) + 1)
    for form in forms:
        try:
            _require_same_model(form, workspace)
            with form.open(form.folder(workspace), runtime) as runner:
                outputs[form.name] = {PREDICTION: predict_in_pieces(runner, inputs.test.inputs())}
                if form == REFERENCE:
                    computed = [predict_in_pieces(runner, split.inputs()) for split in others]
                    computed.append(_predict_grid(runner, grid))
        except PipelineError as error:
            outputs[form.name] = workspace.relative(error)
    return Predictions(outputs, *computed)


def judge(
    predictions: Predictions, forms: Sequence[Form], inputs: Inputs, settings: Parity, task: Task
) -> Verdict:
    """Compare the forms on the test rows, each by its tolerance.

    Of a scaled float64 prediction, the network's own output is compared, the scaled float32; so a
    target that is far from zero hides no difference.
    """
    encoding = inputs.dataset.encoding

    def view(outputs: Outputs) -> Outputs:
        values = outputs[PREDICTION]
        return {
            PREDICTION: encode_label(values, encoding) if values.dtype == np.float64 else values
        }

    required = {
        form.name: Requirement(form.restored_by, getattr(settings, form.tolerance), form.tolerance)
        for form in forms
    }

    def cost(outputs: Outputs) -> float:
        return task.cost(outputs[PREDICTION], inputs.test.label)

    return parity.judge(predictions.outputs, required, REFERENCE.name, cost, view)


def _predict_grid(runner: Runner, grid: np.ndarray) -> np.ndarray:
    if not len(grid):  # as always where the model takes text
        return np.empty((0, 1), grid.dtype)
    return predict_in_pieces(runner, {FEATURES: grid})


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
