"""The schema of `train`: the loss, the loop, its checkpoints, where it begins and when it ends."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.settings.basis import Count, NotNegative, Positive, Section, Text, about


class Regularization(Section):
    """What is added to the loss for large weights (variables of two dimensions and more)."""

    l1: NotNegative = about("times the sum of absolute weights")
    l2: NotNegative = about("times half the sum of squared weights")


class Clipping(Section):
    """Gradients that are too large are cut."""

    by: Literal["none", "value", "norm", "global_norm"] = about(
        "not at all; each number; each gradient's norm; the norm of all gradients together"
    )
    at: Positive = about("the largest number or norm")


class Validation(Section):
    """The loss on the validation rows decides which checkpoint is kept, and when training ends."""

    every: Count | None = about("validate every so often; null: never", "steps")
    patience: Count | None = about(
        "end after so many validations without a better one; null: never", "validations"
    )
    min_delta: NotNegative = about("by how much a loss must be smaller to be better")

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.patience is not None and self.every is None:
            raise ValueError(
                "allowed: patience with `every`, so that there is something to wait for"
            )
        return self


class Start(Section):
    """Where variables begin that are not given their initial values."""

    checkpoint: Text | None = about(
        "a folder with a checkpoint; keep it where dvc does not write; null: begin anew"
    )
    take: Literal["weights", "everything"] = about(
        "weights: those of the network, the step is 0; everything: also the optimizer's state and"
        " the step, training goes on"
    )
    variables: list[Text] | None = about(
        "names of variables, or beginnings of names, to take; null: all that fit"
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
        "what is minimized: mean squared, absolute or Huber error of the scaled target; cross"
        " entropy; contrastive loss of distances; the output itself; auto: what fits the data"
    )
    huber_delta: Positive = about("where huber turns from squares to absolutes", "scaled target")
    margin: Positive = about("distance beyond which contrastive lets different pairs be")
    steps: Count = about("optimizer steps", "steps")
    batch_size: Count | None = about("training rows a step; null: all of them", "rows")
    window: Count | None = about(
        "rows that are shuffled together, at least, and fewer than twice; such windows of"
        " neighbouring rows come in random order; null: all rows are shuffled together",
        "rows",
    )
    stream: bool = about(
        "read the training rows window by window, for data larger than memory; the order, and so"
        " the result, is the same as that of rows held on the device"
    )
    rows: Count | None = about("use the first training rows only; null: all of them", "rows")
    regularization: Regularization
    clipping: Clipping
    validation: Validation
    start: Start
    xla: Literal[True, False, "auto"] = about(
        "compile the loop with XLA, whose last bits differ from the plain loop's; auto: where a"
        " measurement at the start says that the training ends sooner so"
    )
    log_every: Count = about("a point of the learning curve every so often", "steps")
    checkpoint_every: Count = about("a checkpoint every so often, and one at the end", "steps")
    max_to_keep: Count = about("newest checkpoints that are kept")
    keep_checkpoint_every_n_hours: Positive = about(
        "beside them, one is kept for good every so often", "hours"
    )
    write_meta_graph: bool = about(
        "write the graph beside every checkpoint; the last one always has it"
    )
    tensorboard: bool = about("write event files to tensorboard/; they change no weight")
    tensorboard_every: Count = about("histograms and images every so often", "steps")
    profile: bool = about("write a Chrome trace of one step to trace.json; it changes no result")

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if self.window is not None and not (self.batch_size and self.batch_size <= self.window):
            raise ValueError("allowed: window with a batch_size that is not larger")
        if self.stream and self.window is None:
            raise ValueError("allowed: stream with a window, such as window=65536")
        return self


class Export(Section):
    """What the SavedModel holds beside the graphs `serve` and `train`."""

    devices: Annotated[list[Literal["cpu", "gpu"]], Field(max_length=2)] = about(
        "graphs bound to a kind of device, with tags serve,cpu and serve,gpu"
    )

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(set(self.devices)) < len(self.devices):
            raise ValueError("allowed: each kind of device once")
        return self
