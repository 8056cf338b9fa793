"""The schema of `model`: the networks and their initial values."""

from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.settings.basis import InitialValue, Section, ShareOrNone, Target, Text, Width, about

Activation = Literal["relu", "tanh", "sigmoid"]

INITIAL_VALUE = {
    "allowed": "a distribution such as random_normal or {name: random_normal, stddev: 0.1}, a"
    " number, a list of numbers, a .npy file"
}


class NetworkSettings(Section):
    """What every network has in common."""

    initial: dict[str, InitialValue] = about(
        "initial values of single variables, by name such as hidden_1/weights",
        json_schema_extra={"allowed": "a mapping from names to initial values"},
    )


class Weighted(NetworkSettings):
    """A network of layers with weights and biases."""

    weights: InitialValue = about("initial values of the weights", json_schema_extra=INITIAL_VALUE)
    bias: InitialValue = about("initial values of the biases", json_schema_extra=INITIAL_VALUE)


class Linear(Weighted):
    """y = xW + b."""

    name: Literal["linear"]


class Softmax(Weighted):
    """Multinomial logistic regression: xW + b, one column a class."""

    name: Literal["softmax"]


class Polynomial(Weighted):
    """A sum of powers of each scaled feature."""

    name: Literal["polynomial"]
    degree: Annotated[int, Field(ge=1, le=20)] = about("the highest power")


class Mlp(Weighted):
    """A multilayer perceptron."""

    name: Literal["mlp"]
    hidden: Annotated[list[Width], Field(min_length=1)] = about("width of each hidden layer")
    activation: Activation = about("activation of the hidden layers")
    dropout: ShareOrNone = about(
        "share of hidden values dropped while training, never afterwards", "0..1"
    )
    batch_normalization: bool = about(
        "normalize hidden values by their batch while training, by running means afterwards"
    )


class Lenet(Weighted):
    """LeNet-5 (LeCun et al., 1998) with ReLU and maximum pooling."""

    name: Literal["lenet"]
    filters: Annotated[list[Width], Field(min_length=2, max_length=2)] = about(
        "filters of the two convolutions, 5 × 5 each"
    )
    hidden: Annotated[list[Width], Field(min_length=1)] = about("width of each hidden layer")
    dropout: ShareOrNone = about("share of hidden values dropped while training", "0..1")


class Vgg(Weighted):
    """Blocks of two 3 × 3 convolutions and a pooling (Simonyan and Zisserman, 2014), small."""

    name: Literal["vgg"]
    filters: Annotated[list[Width], Field(min_length=1)] = about("filters of each block")
    hidden: Annotated[list[Width], Field(min_length=1)] = about("width of each hidden layer")
    dropout: ShareOrNone = about("share of hidden values dropped while training", "0..1")
    batch_normalization: bool = about("normalize after each convolution")


class Siamese(Weighted):
    """Two towers that share their variables; the output is the distance of their embeddings."""

    name: Literal["siamese"]
    hidden: Annotated[list[Width], Field(min_length=1)] = about("width of each hidden layer")
    embedding: Width = about("length of an embedding")


class Sinc(NetworkSettings):
    """y = 1 - sin(x)/x, where x is a variable plus the offset that is fed."""

    name: Literal["sinc"]
    x: float = about("where the search for the minimum begins")


class Transfer(Weighted):
    """A new head on a layer of a frozen graph, whose own variables stay as they are."""

    name: Literal["transfer"]
    graph: Text = about("the frozen graph, a .pb file; keep it where dvc does not write")
    layer: Text = about("the tensor to go on from, such as network/hidden_2/activation:0")
    hidden: list[Width] = about("width of each hidden layer of the head; [] for none")


class Custom(NetworkSettings):
    """A network of the user's own."""

    name: Literal["custom"]
    target: Target = about(
        "the network's function, MODULE.FUNCTION; docs/extending.md has its form",
        alias="_target_",
    )
    options: dict[str, Any] = about("what the function is given as its settings")


Network = Linear | Softmax | Polynomial | Mlp | Lenet | Vgg | Siamese | Sinc | Transfer | Custom
