"""The registry of networks: what each can be trained for, and how the chosen one is applied."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from pipeline.errors import ConfigError, listing
from pipeline.graph.layers import Codes, Training
from pipeline.graph.variables import Variables
from pipeline.schema.training.model import Network

# Of the network's settings, features, the number of outputs, the variables and the training pass.
NetworkFunction = Callable[..., tf.Tensor]


@dataclass(frozen=True)
class RegisteredNetwork:
    """A network and what it can be used for.

    Attributes:
        function: returns `[rows, outputs] float32`, of scaled features.
        images: whether it takes images only, `[rows, height, width, channels]`.
        takes_codes: whether it gets codes as further argument `codes`; else they are among the
            features, one-hot or embedded.
    """

    function: NetworkFunction
    tasks: tuple[str, ...]
    images: bool
    takes_codes: bool


NETWORKS: dict[str, RegisteredNetwork] = {}


def network(
    name: str,
    *,
    tasks: tuple[str, ...] = ("regression", "classification"),
    images: bool = False,
    takes_codes: bool = False,
) -> Callable[[NetworkFunction], NetworkFunction]:
    """Register a function as the network `name`; see `RegisteredNetwork`."""

    def register(function: NetworkFunction) -> NetworkFunction:
        NETWORKS[name] = RegisteredNetwork(function, tasks, images, takes_codes)
        return function

    return register


def require_fit(settings: Network, task: str, shape: Sequence[int]) -> None:
    """Refuse a network that cannot do the task on examples of this shape.

    Raises:
        ConfigError: the message names the networks that can.
    """
    chosen = NETWORKS[settings.name]
    if task not in chosen.tasks:
        able = sorted(name for name, known in NETWORKS.items() if task in known.tasks)
        raise ConfigError(
            f"model={settings.name} does {' and '.join(chosen.tasks)}, and the data is for {task};"
            f" choose one of {listing(able, 12)}"
        )
    if chosen.images and len(shape) != 3:
        raise ConfigError(
            f"model={settings.name} takes images, and an example has shape {tuple(shape)}; choose"
            " data=digits, data=mnist or another model"
        )


def apply_network(
    settings: Network,
    features: tf.Tensor,
    codes: Sequence[Codes],
    outputs: int,
    variables: Variables,
    training: Training,
) -> tf.Tensor:
    """Apply the network that the configuration names; without `training`, in its inference form.

    Raises:
        ConfigError: the network returns something else than `[rows, outputs]`.
    """
    chosen, further = NETWORKS[settings.name], {}
    if chosen.takes_codes:
        further["codes"] = codes
    elif codes:
        embedded = (one.embed(f"code_{number}", variables) for number, one in enumerate(codes, 1))
        features = tf.concat([features, *embedded], axis=1)
    output = chosen.function(settings, features, outputs, variables, training, **further)
    if not isinstance(output, tf.Tensor) or not output.shape.is_compatible_with([None, outputs]):
        returned = f"shape {output.shape}" if isinstance(output, tf.Tensor) else repr(output)
        raise ConfigError(
            f"model={settings.name} returns {returned}, and [rows, {outputs}] is needed for this"
            " data"
        )
    return output
