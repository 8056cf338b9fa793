"""What a made model is: a function that builds its graph as a script of its time did."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow.compat.v1 as tf


@dataclass(frozen=True)
class Ends:
    """Names of the tensors that a model takes and gives."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def ends(inputs: Sequence[Any], outputs: Sequence[Any]) -> Ends:
    return Ends(tuple(one.name for one in inputs), tuple(one.name for one in outputs))


@dataclass(frozen=True)
class MadeModel:
    """A model of the tests.

    Attributes:
        build: builds the graph in the default graph; takes `training` if `has_training`.
        is_old: with ref variables and the control flow of TensorFlow 1.
        unprovable: an operation that makes the outputs unprovable; empty if they are provable.
        needs_names: the ends have to be named, as the graph has a loss or summaries, too.
        has_training: it computes something else in training, by dropout or batch norm.
        can_freeze: `convert_variables_to_constants` keeps what it computes.
        to_lite: it is also written for TFLite.
        is_placed: its files name devices of a cluster.
    """

    name: str
    family: str
    build: Callable[..., Ends]
    is_old: bool
    unprovable: str
    needs_names: bool
    has_training: bool
    can_freeze: bool
    to_lite: bool
    is_placed: bool

    @contextmanager
    def graph(self, training: bool = False) -> Iterator[Ends]:
        """Build the model in a graph of its own, which is the default one meanwhile."""
        with tf.Graph().as_default(), _behave(self.is_old):
            tf.set_random_seed(7)
            yield self.build(training=training) if self.has_training else self.build()


MODELS: dict[str, MadeModel] = {}


def model(
    *,
    old: bool = False,
    unprovable: str = "",
    names: bool = False,
    training: bool = False,
    freeze: bool = True,
    lite: bool = False,
    placed: bool = False,
) -> Callable[[Callable[..., Ends]], Callable[..., Ends]]:
    """Make a function one of `MODELS`; its arguments are attributes of `MadeModel`."""

    def register(build: Callable[..., Ends]) -> Callable[..., Ends]:
        family = build.__module__.rpartition(".")[2]
        made = MadeModel(
            build.__name__, family, build, old, unprovable, names, training, freeze, lite, placed
        )
        assert made.name not in MODELS
        MODELS[made.name] = made
        return build

    return register


@contextmanager
def _behave(as_old: bool) -> Iterator[None]:
    """Let TensorFlow make ref variables and its first control flow for a while."""
    if not as_old:
        yield
        return
    tf.disable_control_flow_v2()
    tf.disable_resource_variables()
    try:
        yield
    finally:
        tf.enable_control_flow_v2()
        tf.enable_resource_variables()
