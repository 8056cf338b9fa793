"""The schema of `model`: networks and their initial values."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, WrapValidator, model_validator

from pipeline.schema.base import (
    InitialValue,
    InitialValueOrAuto,
    Section,
    ShareOrZero,
    Target,
    Text,
    Width,
    about,
    refuse_once,
)

Activation = Literal["relu", "tanh", "sigmoid"]
Fed = Annotated[bool | int | float, WrapValidator(refuse_once)]

INITIAL_VALUE = (
    "a distribution such as random_normal or {name: random_normal, stddev: 0.1}, a number, a list"
    " of numbers, a .npy file"
)


class NetworkSettings(Section):
    """Parameters that all networks share."""

    initial: dict[str, InitialValue] = about(
        "initial values of single variables, by names such as hidden_1/weights",
        allowed="a mapping from names to initial values",
    )


class Weighted(NetworkSettings):
    """A network of layers with weights and biases."""

    weights: InitialValue = about("initial values of the weights", allowed=INITIAL_VALUE)
    bias: InitialValue = about("initial values of the biases", allowed=INITIAL_VALUE)


class Linear(Weighted):
    """y = xW + b."""

    name: Literal["linear"]
    weights: InitialValueOrAuto = about(
        "initial values of the weights of model=linear; auto: zeros for the tables of data=csv and"
        " data=custom, so that what the rows do not determine stays 0, else random_normal",
        allowed=f"auto, {INITIAL_VALUE}",
    )
    bias: InitialValueOrAuto = about(
        "initial values of the biases of model=linear; auto: zeros for the tables of data=csv and"
        " data=custom, else ones",
        allowed=f"auto, {INITIAL_VALUE}",
    )


class Softmax(Weighted):
    """Multinomial logistic regression: xW + b, one column for each class."""

    name: Literal["softmax"]


class Polynomial(Weighted):
    """A sum of powers of each scaled feature."""

    name: Literal["polynomial"]
    degree: Annotated[int, Field(ge=1, le=20)] = about("highest power")


class Mlp(Weighted):
    """A multilayer perceptron."""

    name: Literal["mlp"]
    hidden: Annotated[list[Width], Field(min_length=1)] = about("units of each hidden layer")
    activation: Activation = about("activation function of the hidden layers")
    dropout: ShareOrZero = about("share of hidden units dropped in training", "0..1")
    batch_normalization: bool = about(
        "normalize hidden layers: by the batch in training, by moving averages later"
    )


class Lenet(Weighted):
    """LeNet-5 (LeCun et al., 1998) with ReLU and maximum pooling."""

    name: Literal["lenet"]
    filters: Annotated[list[Width], Field(min_length=2, max_length=2)] = about(
        "5 × 5 filters of each convolution"
    )
    hidden: Annotated[list[Width], Field(min_length=1)] = about("units of each hidden layer")
    dropout: ShareOrZero = about("share of hidden units dropped in training", "0..1")


class Vgg(Weighted):
    """A small VGG: blocks of two 3 × 3 convolutions and pooling (Simonyan and Zisserman, 2014)."""

    name: Literal["vgg"]
    filters: Annotated[list[Width], Field(min_length=1)] = about("3 × 3 filters of each block")
    hidden: Annotated[list[Width], Field(min_length=1)] = about("units of each hidden layer")
    dropout: ShareOrZero = about("share of hidden units dropped in training", "0..1")
    batch_normalization: bool = about("batch normalization after each convolution")


class Siamese(Weighted):
    """Two towers that share their variables; the output is the distance of their embeddings."""

    name: Literal["siamese"]
    hidden: Annotated[list[Width], Field(min_length=1)] = about("units of each hidden layer")
    embedding: Width = about("number of elements of an embedding")


class Sinc(NetworkSettings):
    """y = 1 - sin(x)/x, where x is a variable plus the fed offset."""

    name: Literal["sinc"]
    x: float = about("initial value of x")


class Transfer(Weighted):
    """A new head on a layer of a frozen graph, whose variables stay constant."""

    name: Literal["transfer"]
    graph: Text = about("frozen graph, a .pb file that is not an out of a stage")
    layer: Text = about("tensor that the head is built on, such as network/hidden_2/activation:0")
    hidden: list[Width] = about("units of each hidden layer of the head; []: none")


class Graph(NetworkSettings):
    """A graph of other code, as its `.meta` file has it, with the values of its checkpoint."""

    name: Literal["graph"]
    graph: Text = about(
        "checkpoint of other code that has a .meta file, by its prefix or its folder, or a .meta"
        " file alone"
    )
    input: Text = about("tensor that takes the features, such as x:0")
    output: Text = about("tensor that is the network's output, `[rows, outputs]`")
    gives: Literal["logits", "probabilities"] = about(
        "what the output of a classification is; other outputs are the predicted numbers"
    )
    label: Text | None = about(
        "tensor that takes the label; null: train.loss is computed from the output"
    )
    loss: Text | None = about("tensor with the loss, one number; needs a label")
    train_op: Text | None = about(
        "operation that takes a step; null: the pipeline's optimizer does, on all trainable"
        " variables"
    )
    feeds: dict[str, Fed] = about(
        "values of other inputs, by their names without :0, such as keep_prob: 1.0",
        allowed="a mapping from names of tensors to numbers or booleans",
    )
    training_feeds: dict[str, Fed] = about(
        "values of these inputs in a step of the training, where they are others",
        allowed="a mapping from names of tensors in `feeds` to numbers or booleans",
    )

    @model_validator(mode="after")
    def _check_step(self) -> Self:
        if (self.loss is None) != (self.label is None):
            raise ValueError("allowed: label and loss together, or neither")
        if self.train_op is not None and self.loss is None:
            raise ValueError("allowed: train_op with a label and a loss")
        if self.training_feeds and self.loss is None:
            raise ValueError("allowed: training_feeds with a label and a loss")
        if unknown := self.training_feeds.keys() - self.feeds.keys():
            raise ValueError(f"allowed: training_feeds of names in feeds, not {min(unknown)}")
        return self


class Custom(NetworkSettings):
    """A user network."""

    name: Literal["custom"]
    target: Target = about(
        "function that builds the network, as MODULE.FUNCTION; see docs/extending.md",
        alias="_target_",
    )
    options: dict[str, Any] = about("settings of the function")


Network = (
    Linear | Softmax | Polynomial | Mlp | Lenet | Vgg | Siamese | Sinc | Transfer | Graph | Custom
)
