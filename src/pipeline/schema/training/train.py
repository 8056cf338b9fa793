"""The schema of `train`: loss, training loop, checkpoints, start and early stopping."""

from typing import Literal, Self

from pydantic import model_validator

from pipeline.schema.base import (
    Count,
    CountAutoOrNone,
    CountOrAuto,
    CountOrZero,
    NamesOrMap,
    NotNegative,
    NotNegativeOrAuto,
    Positive,
    Section,
    Text,
    about,
)

# Checkpoints of a training with `train.checkpoint_every=auto`.
CHECKPOINTS = 4


class Regularization(Section):
    """Penalties on weights, the variables of two or more dimensions."""

    l1: NotNegative = about("factor of the sum of absolute weights")
    l2: NotNegativeOrAuto = about(
        "factor of half the sum of squared weights; auto: 1 / training rows for the classes of"
        " data=csv and data=custom with model=linear, softmax or polynomial, else 0"
    )

    @property
    def l2_factor(self) -> float:
        """The factor of half the sum of squared weights; 0 before `auto` is decided."""
        return 0.0 if self.l2 == "auto" else self.l2


class Clipping(Section):
    """Clipping of large gradients."""

    by: Literal["none", "value", "norm", "global_norm"] = about(
        "what to clip: each element (value), the norm of each gradient, or the norm of all"
        " gradients together (global_norm)"
    )
    at: Positive = about("largest element or norm")


class Validation(Section):
    """Early stopping: the validation loss selects the checkpoint and ends the training."""

    every: CountAutoOrNone = about(
        "steps between validations; auto: a fortieth of train.steps, and at least 50, where there"
        " are validation rows; null: no validation",
        "steps",
    )
    patience: Count | None = about(
        "validations without improvement that end the training; null: no limit", "validations"
    )
    min_delta: NotNegative = about("smallest decrease of the loss that is an improvement")

    @property
    def interval(self) -> int | None:
        """The steps between validations; None without, and before `auto` is decided."""
        return self.every if isinstance(self.every, int) else None


class Start(Section):
    """A checkpoint that gives variables their initial values."""

    checkpoint: Text | None = about(
        "folder with a checkpoint that is not an out of a stage; null: none"
    )
    take: Literal["weights", "everything"] = about(
        "restore the variables of the network, to start at step 0, or everything, also the"
        " optimizer and the step, to continue the training"
    )
    variables: NamesOrMap = about(
        "names of variables to restore, or prefixes of names; or a mapping from names in the"
        " checkpoint to the names here, such as dense/kernel: hidden_1/weights; null: all that fit",
        allowed="null, a list of names, a mapping from names to names",
    )


class Train(Section):
    """The training loop and its checkpoints."""

    loss: Literal[
        "auto",
        "mse",
        "mae",
        "huber",
        "softmax_cross_entropy",
        "sigmoid_cross_entropy",
        "contrastive",
        "value",
    ] = about(
        "loss function; mse, mae, huber: error of the scaled target; value: the output itself;"
        " auto: the one that fits the data"
    )
    huber_delta: Positive = about("error above which huber is linear", "scaled target")
    margin: Positive = about(
        "distance above which a pair of different classes adds nothing to contrastive"
    )
    steps: CountOrZero = about(
        "number of optimizer steps; 0: what a training would start from is kept as it is", "steps"
    )
    batch_size: CountAutoOrNone = about(
        "training rows in a step; null: all rows; auto: 128, or 1,024 with train.window, and no"
        " more than there are",
        "rows",
    )
    window: Count | None = about(
        "least number of consecutive rows that are shuffled together; the order of these windows is"
        " random; null: all rows are shuffled together",
        "rows",
    )
    stream: bool = about(
        "read the training rows window by window, for data larger than memory; does not change"
        " results"
    )
    rows: Count | None = about("number of first training rows to use; null: all rows", "rows")
    regularization: Regularization
    clipping: Clipping
    validation: Validation
    start: Start
    xla: Literal[True, False, "auto"] = about(
        "compile the training loop with XLA, which changes the last bits, and what dropout drops;"
        " auto: where a table of measurements says that so many steps of such a network end sooner"
        " on the kind of device"
    )
    log_every: CountOrAuto = about(
        "steps between points of the learning curve; auto: about 1,000 points, closer together at"
        " the start; validations are always kept",
        "steps",
    )
    checkpoint_every: CountOrAuto = about(
        "steps between checkpoints; auto: a quarter of train.steps; the last step always has one",
        "steps",
    )
    max_to_keep: Count = about("number of newest checkpoints to keep")
    keep_checkpoint_every_n_hours: Positive = about(
        "hours between checkpoints that are kept in addition, in .resume/, as the clock chooses"
        " them",
        "hours",
    )
    write_meta_graph: bool = about(
        "write the graph beside each checkpoint; the last one always has it"
    )
    tensorboard: bool = about("write event files for TensorBoard to tensorboard/")
    tensorboard_every: Count = about("steps between histograms and images", "steps")
    profile: bool = about("write a Chrome trace of one step to trace.json")

    @property
    def checkpoint_interval(self) -> int:
        """The steps between checkpoints, also with `auto`."""
        if isinstance(self.checkpoint_every, int):
            return self.checkpoint_every
        return max(-(-self.steps // CHECKPOINTS), 1)

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        size, window = self.batch_size, self.window
        if window is not None and (size is None or (size != "auto" and size > window)):
            raise ValueError("allowed: window with a batch_size that is not larger")
        if self.stream and window is None:
            raise ValueError("allowed: stream with a window, such as window=65536")
        return self
