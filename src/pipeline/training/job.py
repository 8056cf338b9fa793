"""A training job: all that a training depends on, as one value."""

import dataclasses
import logging
from dataclasses import dataclass
from pathlib import Path

from pipeline.data.prepared.dataset import (
    Dataset,
    EncodedRows,
    read_dataset,
    read_split,
    read_training_rows,
)
from pipeline.errors import ConfigError
from pipeline.graph.inference import InferenceSpec
from pipeline.graph.losses import Head, choose_loss
from pipeline.graph.networks import require_fit
from pipeline.schema.training import TrainSettings
from pipeline.schema.training.model import Graph, Linear, Network, Polynomial, Softmax
from pipeline.workspace import Workspace

_log = logging.getLogger(__name__)

# Sources of people's own tables. The others show what the tutorial's training does.
OWN_TABLES = ("csv", "custom")

# Networks that are linear in their variables: inputs · weights + bias.
AFFINE = (Linear, Softmax, Polynomial)

# With `train.validation.every=auto`, where there are rows for it: validations of a training, and
# the fewest steps between two. A preconditioned linear network is at the closed form after 50.
VALIDATIONS, LEAST_STEPS = 40, 50


@dataclass(frozen=True)
class TrainingJob:
    """What is trained, on what, and where.

    Attributes:
        folder: keeps checkpoints, learning curve and placement until they are published.
        split: the training rows of the prepared `dataset`.
    """

    settings: TrainSettings
    workspace: Workspace
    device: str  # such as `/device:CPU:0`
    folder: Path
    dataset: Dataset
    split: EncodedRows
    model: InferenceSpec

    @property
    def history(self) -> Path:
        """The learning curve while the training runs."""
        return self.folder / self.workspace.history.name

    @property
    def placement(self) -> Path:
        """The devices of all operations, while the training runs."""
        return self.folder / self.workspace.placement.name

    def replace(self, **changes: bool | int) -> "TrainingJob":
        """Return the job with other values in its section `train`."""
        train = self.settings.train.model_copy(update=changes)
        settings = self.settings.model_copy(update={"train": train})
        return dataclasses.replace(self, settings=settings)


def read_job(
    settings: TrainSettings, workspace: Workspace, device: str, folder: Path
) -> TrainingJob:
    """Read the prepared data of a workspace; training rows stay mapped from their files.

    Raises:
        ConfigError: network, loss and data do not fit together.
        DataError: the prepared data is missing or damaged.
    """
    dataset, most = read_dataset(workspace.prepared), settings.train.rows
    split = read_training_rows(workspace.prepared, mapped=True).select(slice(most))
    validated = read_split("validation", workspace.prepared, mapped=True)
    settings = decide_validation(settings, len(validated.label))
    settings = decide_penalty(settings, dataset, len(split.label))
    model = specify_inference(settings, dataset)
    return TrainingJob(settings, workspace, device, folder, dataset, split, model)


def decide_validation(settings: TrainSettings, rows: int) -> TrainSettings:
    """Return the settings with `train.validation.every=auto` decided for so many rows."""
    train, validation = settings.train, settings.train.validation
    if validation.every != "auto":
        return settings
    every = max(LEAST_STEPS, -(-train.steps // VALIDATIONS)) if rows else None
    validation = validation.model_copy(update={"every": every})
    return settings.model_copy(
        update={"train": train.model_copy(update={"validation": validation})}
    )


def decide_penalty(settings: TrainSettings, dataset: Dataset, rows: int) -> TrainSettings:
    """Return the settings with `train.regularization.l2=auto` decided for so many training rows.

    Of classes that a linear network separates, the weights would grow without end, and with them
    the probability that is given to a wrong class. A penalty of 1 / rows is what scikit-learn's
    `LogisticRegression` has with `C=1`, its default.
    """
    train, penalty = settings.train, settings.train.regularization
    if penalty.l2 != "auto":
        return settings
    is_own = dataset.source in OWN_TABLES and bool(dataset.classes)
    l2 = 1 / rows if is_own and isinstance(settings.model, AFFINE) else 0.0
    if l2:
        _log.info(
            "train.regularization.l2=auto: %.3g, which is 1 / %s training rows", l2, f"{rows:,}"
        )
    penalty = penalty.model_copy(update={"l2": l2})
    return settings.model_copy(
        update={"train": train.model_copy(update={"regularization": penalty})}
    )


def has_one_output(network: Network, outputs: int) -> bool:
    """Tell whether it is a linear function of one output, which is trained on columns."""
    return isinstance(network, Linear) and outputs == 1


def specify_inference(settings: TrainSettings, dataset: Dataset) -> InferenceSpec:
    """Return what the inference graph for the prepared data is built from.

    Raises:
        ConfigError: network, loss and data do not fit together.
    """
    require_fit(settings.model, dataset.task, dataset.shape)
    head = choose_head(settings, dataset.task)
    outputs = len(dataset.classes) or len(dataset.targets)
    network = decide_initial_values(settings.model, dataset.source)
    return InferenceSpec(network, dataset.encoding, dataset.shape, outputs, head)


def choose_head(settings: TrainSettings, task: str) -> Head:
    """Return how an output becomes a prediction: as the loss says, or the settings of a graph.

    Raises:
        ConfigError: the loss is for another task, or is computed from logits.
    """
    model, loss = settings.model, choose_loss(settings.train, task)
    if not isinstance(model, Graph) or model.gives == "logits" or loss.head == "values":
        return loss.head
    if model.loss is None and settings.train.steps:
        raise ConfigError(
            "model.gives=probabilities: train.loss is computed from logits; name a model.output"
            " before the softmax, or model.label and model.loss"
        )
    return "values"


def decide_initial_values(network: Network, source: str) -> Network:
    """Return the network with `auto` decided for data of this source.

    With zeros a linear network ends with the smallest weights that fit its rows. Other values would
    stay where the rows determine nothing, as of equal columns or with more columns than rows.
    """
    if not isinstance(network, Linear):
        return network
    is_own = source in OWN_TABLES
    automatic = {"weights": "zeros" if is_own else "random_normal"}
    automatic["bias"] = "zeros" if is_own else "ones"
    decided = {name: value for name, value in automatic.items() if getattr(network, name) == "auto"}
    return network.model_copy(update=decided)
