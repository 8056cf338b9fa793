"""The reference: the network's function, executed at once on the values of the checkpoint."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from pipeline.data.prepared.dataset import FEATURES, TEXT
from pipeline.errors import ArtifactError, one_line
from pipeline.graph.inference import PREDICTION, predict
from pipeline.graph.runner import Arrays, Runner
from pipeline.graph.variables import CheckpointVariables
from pipeline.models.forms import checkpoint
from pipeline.models.run.form import Form, Runtime


class EagerRunner(Runner):
    """Runs the network of a checkpoint without a graph."""

    def __init__(self, folder: Path, runtime: Runtime) -> None:
        sidecar = checkpoint.read_sidecar(folder)
        self.interface = sidecar.interface
        self._inference = sidecar.recipe.inference
        self._variables = CheckpointVariables(runtime.workspace, checkpoint.read_variables(folder))
        self._device = runtime.device

    def run(self, feeds: Arrays) -> dict[str, np.ndarray]:
        """Compute the prediction from the features, as `Runner.run` says."""
        self.require_inputs(feeds)
        try:
            # Outside of the device's scope: no device but the CPU holds text.
            inputs = {s.name: tf.constant(feeds[s.name], s.dtype) for s in self.interface.inputs}
            with tf.device(self._device):
                text = inputs.get(TEXT)
                output = predict(self._inference, inputs[FEATURES], text, self._variables)
            return {PREDICTION: np.asarray(output.numpy())}
        except tf.errors.OpError as error:
            raise ArtifactError(f"the model cannot be run: {one_line(error)}") from None

    def close(self) -> None:
        """Leave the variables to Python."""


FORM = Form(
    name="eager",
    restored_by="checkpoint values, executed eagerly",
    reads="checkpoint",
    open=EagerRunner,
    read_sidecar=checkpoint.read_sidecar,
)
