"""The schema of params.yaml: every parameter once, with its type, range, unit and meaning.

Values live in conf/, never here: the schema has no defaults, so that a parameter has one home.
`pipeline.parameters` reads params.yaml and holds it against this schema.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Threads = Annotated[int, Field(ge=0, le=1024)]
Seconds = Annotated[float, Field(ge=0, le=10**6)]
Initializer = Literal["zeros", "ones", "random_normal", "truncated_normal", "glorot_uniform"]


class Section(BaseModel):
    """A part of params.yaml: nothing unknown, nothing missing, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def about(meaning: str, unit: str | None = None) -> Any:
    """Describe a parameter: its meaning and its unit."""
    return Field(description=meaning if unit is None else f"{meaning} [{unit}]")


class DataSource(Section):
    """What every data source has in common."""

    path: Annotated[str, Field(min_length=1)] = about("the file the data is read from")
    split: Literal["chronological", "random"] = about(
        "whether the test rows are the last ones or drawn at random"
    )
    test_share: Share = about("share of the labelled rows kept for the test", "0..1")
    scaling: Literal["standard", "none"] = about(
        "standard: mean 0 and deviation 1 over the training rows, inside the graph"
    )


class PricesData(DataSource):
    """Daily prices with the columns date, open, high, low, close, adj_close, volume."""

    source: Literal["sp500"]
    horizon_share: Share = about(
        "the target lies this share of all rows, rounded up, ahead", "0..1"
    )


class TableData(DataSource):
    """The user's own CSV or Parquet file."""

    source: Literal["csv"]
    target: Annotated[str, Field(min_length=1)] = about("the column to predict")
    features: Annotated[list[str], Field(min_length=1)] | None = about(
        "the columns to predict from; null: every numeric column but the target"
    )


class Linear(Section):
    """y = xW + b."""

    name: Literal["linear"]
    weights: Initializer = about("initial values of W")
    bias: Initializer = about("initial values of b")


class Mlp(Section):
    """A multilayer perceptron."""

    name: Literal["mlp"]
    hidden: Annotated[list[Count], Field(min_length=1)] = about("width of each hidden layer")
    activation: Literal["relu", "tanh", "sigmoid"] = about("activation of the hidden layers")
    dropout: Annotated[float, Field(ge=0, lt=1)] = about(
        "share of hidden values dropped while training, never afterwards", "0..1"
    )
    weights: Initializer = about("initial values of the weights")
    bias: Initializer = about("initial values of the biases")


class Optimizer(Section):
    """What every optimizer has in common; the names are those of `tf.compat.v1.train`."""

    learning_rate: Positive = about("step size", "per step")


class GradientDescent(Optimizer):
    """Plain gradient descent."""

    name: Literal["gradient_descent"]


class MomentumDescent(Optimizer):
    """Gradient descent with momentum."""

    name: Literal["momentum"]
    momentum: Momentum = about("share of the last update that is kept", "0..1")
    use_nesterov: bool = about("take the gradient after the momentum step")


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015)."""

    name: Literal["adam"]
    beta1: Momentum = about("decay of the mean of the gradients", "0..1")
    beta2: Momentum = about("decay of the mean of their squares", "0..1")
    epsilon: Positive = about("keeps the division finite")


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011)."""

    name: Literal["adagrad"]
    initial_accumulator_value: Positive = about("start of the sum of squared gradients")


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012)."""

    name: Literal["adadelta"]
    rho: Momentum = about("decay of both running means", "0..1")
    epsilon: Positive = about("keeps the division finite; sets the size of the first steps")


class RmsProp(Optimizer):
    """RMSProp (Tieleman and Hinton, 2012)."""

    name: Literal["rmsprop"]
    decay: Momentum = about("decay of the mean of the squared gradients", "0..1")
    momentum: Momentum = about("share of the last update that is kept", "0..1")
    epsilon: Positive = about("keeps the division finite")


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013)."""

    name: Literal["ftrl"]
    learning_rate_power: Annotated[float, Field(le=0)] = about("decay of the learning rate")
    initial_accumulator_value: Positive = about("start of the sum of squared gradients")
    l1_regularization_strength: NotNegative = about("strength of the L1 penalty")
    l2_regularization_strength: NotNegative = about("strength of the L2 penalty")


class ProximalGradientDescent(Optimizer):
    """Gradient descent with exact L1 and L2 shrinkage (Duchi and Singer, 2009)."""

    name: Literal["proximal_gradient_descent"]
    l1_regularization_strength: NotNegative = about("strength of the L1 penalty")
    l2_regularization_strength: NotNegative = about("strength of the L2 penalty")


class Train(Section):
    """The training loop and its checkpoints."""

    loss: Literal["mse", "mae"] = about("mean squared or mean absolute error, of the scaled target")
    steps: Count = about("optimizer steps", "steps")
    batch_size: Count | None = about("training rows a step; null: all of them", "rows")
    xla: bool = about("compile the loop with XLA; the last bits differ from the plain loop's")
    log_every: Count = about("a point of the learning curve every so often", "steps")
    checkpoint_every: Count = about("a checkpoint every so often, and one at the end", "steps")
    max_to_keep: Count = about("newest checkpoints that are kept")
    keep_checkpoint_every_n_hours: Positive = about(
        "beside them, one is kept for good every so often", "hours"
    )
    write_meta_graph: bool = about(
        "write the graph beside every checkpoint; the last one always has it"
    )


class Device(Section):
    """Where the graph runs. Threads and oneDNN change the last bits of the results."""

    kind: Literal["cpu", "gpu", "auto"] = about("auto: the first GPU, or the CPU if there is none")
    index: Annotated[int, Field(ge=0, le=63)] = about("which device of its kind, counted from 0")
    soft_placement: bool = about("let TensorFlow move operations that the device cannot run")
    log_device_placement: bool = about("print the device of each operation")
    intra_op_threads: Threads = about("threads in one operation; 0: all cores")
    inter_op_threads: Threads = about("operations at once; 0: all cores")
    onednn: bool = about("use oneDNN's kernels on the CPU")
    fused_kernels: bool = about(
        "let sessions fuse operations, which eager execution does not: the last bits can differ"
    )


class Parity(Section):
    """The gate between a model and its release."""

    tolerance: NotNegative = about(
        "largest difference from eager execution, relative to the root mean square of its output;"
        " 0 asks for equal bits"
    )


class Figures(Section):
    """How figures look."""

    dpi: Annotated[int, Field(ge=20, le=600)] = about("resolution", "dots per inch")
    width: Annotated[float, Field(ge=2, le=40)] = about("width of a figure", "inches")
    height: Annotated[float, Field(ge=1, le=40)] = about("height of a figure", "inches")


class Evaluation(Section):
    """How the restored models are compared, measured and shown."""

    parity: Parity
    figures: Figures


class Tracking(Section):
    """MLflow. Nothing here changes an out, so that no stage but `track` depends on it."""

    experiment: Annotated[str, Field(min_length=1, max_length=200)] = about(
        "name of the MLflow experiment"
    )
    live_after: Seconds = about(
        "training shorter than this is logged when it is done, longer training also live", "s"
    )
    flush_every: Annotated[float, Field(gt=0, le=10**6)] = about(
        "points are sent live every so often", "s"
    )


class Settings(Section):
    """All of params.yaml."""

    seed: Seed = about("the root of all randomness: split, initial values, batches, dropout")
    data: Annotated[PricesData | TableData, Field(discriminator="source")]
    model: Annotated[Linear | Mlp, Field(discriminator="name")]
    optimizer: Annotated[
        GradientDescent
        | MomentumDescent
        | Adam
        | Adagrad
        | Adadelta
        | RmsProp
        | Ftrl
        | ProximalGradientDescent,
        Field(discriminator="name"),
    ]
    train: Train
    device: Device
    evaluation: Evaluation
    tracking: Tracking

    SELECTORS: ClassVar[dict[str, str]] = {"data": "source", "model": "name", "optimizer": "name"}


Network = Linear | Mlp
