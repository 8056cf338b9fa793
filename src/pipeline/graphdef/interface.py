"""The interface of a model: its inputs and outputs, with their names, dtypes and shapes."""

from dataclasses import dataclass

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output."""

    name: str  # what callers call it
    dtype: str  # TensorFlow's name of the dtype, such as `float32` or `string`
    shape: Shape | None  # None for an open dimension; None as a whole for an open rank
    tensor: str  # its name in the graph, such as `features:0`


@dataclass(frozen=True)
class Interface:
    """All inputs and outputs of a model, in a fixed order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
