"""One training step: the loss of a batch, its gradients, and the update of the variables.

The training loop takes this step many times in one call; the SavedModel holds it for others.
"""

from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from pipeline.data.prepared.dataset import FEATURES
from pipeline.errors import ConfigError, listing
from pipeline.graph import inference, own_step
from pipeline.graph.devices import without_op_determinism
from pipeline.graph.encoding import encode_label
from pipeline.graph.inference import LABEL, Encoded, InferenceSpec
from pipeline.graph.layers import TrainingPass
from pipeline.graph.losses import LossFunction, choose_loss, weight_penalty
from pipeline.graph.optimizers import (
    Preconditioner,
    clip_gradients,
    compute_learning_rate,
    create_optimizer,
    precondition,
)
from pipeline.graph.variables import GraphVariables
from pipeline.schema.training import TrainSettings
from pipeline.workspace import Workspace

v1 = tf.compat.v1

LOSS = "loss"
# The tensors of one fed batch, and the operation that trains on it.
FED_FEATURES, FED_LABEL, FED_LOSS = f"{FEATURES}:0", f"{LABEL}:0", f"{LOSS}:0"
WEIGHT = "weight"
FED_WEIGHT = f"{WEIGHT}:0"  # only where rows have weights
TRAIN_STEP = "train_step"

LEARNING_RATE = "learning_rate"
# Before the name of a variable: the column of its largest absolute gradient.
GRADIENT = "gradient of "


def build_step_graph(
    settings: TrainSettings, workspace: Workspace, model: InferenceSpec, task: str
) -> tf.Graph:
    """Build the training graph for others: `train_step` trains on a batch that is fed.

    It has `features:0`, `label:0`, `loss:0` and `prediction:0`, and is the same whatever the
    process is configured for. It takes the plain gradient, and no penalty with
    `train.regularization.l2=auto`: a preconditioner and this penalty are of the training rows,
    which others do not have. All rows of a batch count the same.
    """
    graph = tf.Graph()
    with graph.as_default(), without_op_determinism():
        if own := own_step.add(settings, workspace, model):
            tf.group(own.update, name=TRAIN_STEP)
            return graph
        loss_function, variables = choose_loss(settings.train, task), GraphVariables(workspace)
        encoded, label = add_fed_loss(settings, model, loss_function, variables)
        global_step = v1.train.get_or_create_global_step()
        step = TrainingStep(settings, model, loss_function, variables, global_step)
        _, update = step.add(encoded, label)
        tf.group(update, name=TRAIN_STEP)
    return graph


def add_fed_loss(
    settings: TrainSettings,
    model: InferenceSpec,
    loss_function: LossFunction,
    variables: GraphVariables,
    *,
    weighted: bool = False,
) -> tuple[Encoded, tf.Tensor]:
    """Add the inference graph and the loss of a fed batch, without the penalty for large weights.

    Returns the encoded features and the scaled label, `[rows, targets]`.

    Args:
        weighted: whether rows may be fed with weights, `[rows, 1]`; all are 1 by default.

    Raises:
        ConfigError: the configuration names a variable or a layer that the network does not have.
    """
    encoded, output = inference.add_inference(model, variables)
    variables.require_known()
    targets = len(model.encoding.scaling.label_mean)
    label = v1.placeholder(model.label_dtype, [None, targets], LABEL)
    scaled = encode_label(label, model.encoding)
    ones = tf.ones([1, 1]) if weighted else None
    weight = v1.placeholder_with_default(ones, [None, 1], WEIGHT) if weighted else None
    tf.identity(loss_function.of_rows(settings.train, output, scaled, weight), LOSS)
    return encoded, scaled


@dataclass(frozen=True)
class TrainingStep:
    """One step of the optimizer on the trainable variables of the default graph.

    Attributes:
        record_gradients: whether it returns the largest absolute gradient of each variable.
        preconditioner: of a linear network, tensors; None for the plain gradient.
    """

    settings: TrainSettings
    model: InferenceSpec
    loss_function: LossFunction
    variables: GraphVariables
    global_step: tf.Variable
    record_gradients: bool = False
    preconditioner: Preconditioner | None = None
    trainable: list[Any] = field(default_factory=v1.trainable_variables, init=False)

    @property
    def columns(self) -> list[str]:
        """Names of the values that `add` returns after the loss."""
        rate = [] if self.settings.schedule.name == "constant" else [LEARNING_RATE]
        recorded = self.trainable if self.record_gradients else []
        return [*rate, *(GRADIENT + variable.op.name for variable in recorded)]

    def add(
        self, x: Encoded, y: tf.Tensor, weight: tf.Tensor | None = None
    ) -> tuple[list[tf.Tensor], tf.Operation]:
        """Add a step on encoded features and scaled labels, `[rows, targets]`.

        Args:
            weight: `[rows, 1] float32`; None where all rows count the same.

        Returns:
            The training loss before the step and the values of `columns`, all scalars; the
            operation that updates the variables.

        Raises:
            ConfigError: the loss does not depend on a trainable variable.
        """
        settings, done = self.settings, self.global_step.read_value()
        seed = tf.stack([settings.seed, tf.cast(done, tf.int32)])
        training = TrainingPass(seed, compiled=settings.train.xla is True)
        with tf.GradientTape() as tape:
            output = inference.compute_output(self.model, x, self.variables, training)
            loss = self.loss_function.of_rows(settings.train, output, y, weight)
            loss += weight_penalty(settings.train, self.trainable)
        gradients = tape.gradient(loss, self.trainable)
        idle = [
            variable.op.name
            for variable, gradient in zip(self.trainable, gradients, strict=True)
            if gradient is None
        ]
        if idle or not gradients:
            raise ConfigError(
                f"model={settings.model.name}: the loss does not depend on"
                f" {listing(idle) or 'any variable'}; create variables that are not trained with"
                " trainable=False"
            )
        # Those of embeddings are sparse: some optimizers have no sparse update for GPUs, and
        # momentum would move the rows of a batch alone.
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        recorded = gradients if self.record_gradients else []
        largest = [tf.reduce_max(tf.abs(gradient)) for gradient in recorded]
        if self.preconditioner:
            gradients = precondition(self.preconditioner, gradients)
        gradients = clip_gradients(settings.train.clipping, gradients)
        rate = compute_learning_rate(settings.optimizer, settings.schedule, done)
        with tf.control_dependencies([done, *training.updates]):
            update = create_optimizer(settings.optimizer, rate).apply_gradients(
                zip(gradients, self.trainable, strict=True), global_step=self.global_step
            )
        return [loss, *([rate] if LEARNING_RATE in self.columns else []), *largest], update
