"""What is told of a graph."""

from dataclasses import dataclass, field

Shape = tuple[int | None, ...] | None  # an open dimension, an open rank
Output = tuple[str, int]  # an operation and the number of its output


@dataclass(frozen=True)
class Tensor:
    """A tensor's, variable's or operation's name, dtype (an operation's: its type) and shape."""

    name: str
    dtype: str
    shape: Shape


@dataclass
class Layer:
    """The parameters of one scope, and the operations that use them or follow those."""

    name: str
    parameters: int = 0
    bytes: int = 0
    output_shape: Shape = None
    cost: int = 0
    op_types: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """What one graph holds.

    Attributes:
        version: of the TensorFlow that wrote it, as far as it is stored.
        acting: operations that are not known to be pure computation.
        uncounted: operations that have a cost, but an unknown shape.
    """

    tags: list[str]
    version: str
    inputs: list[Tensor]
    outputs: list[Tensor]
    signatures: dict[str, dict[str, dict[str, str]]]
    variables: list[Tensor]
    layers: list[Layer]
    op_types: dict[str, int]
    acting: list[dict[str, str]]
    uncounted: int
    operations: list[Tensor]
