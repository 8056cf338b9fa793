"""Files besides the data that a configuration names; params.yaml holds their hashes.

DVC sees a change of such a file as a change of the parameter `inputs`, and nothing goes on from an
old state.
"""

from collections.abc import Iterator
from typing import Any

from pipeline import custom
from pipeline.settings import Settings


def named(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the key and the path of each such file or folder.

    Raises:
        ConfigError: the module of a `_target_` is not there.
    """
    model = settings.model.model_dump()
    for key in ("weights", "bias"):
        yield from _arrays(f"model.{key}", model.get(key))
    for name, value in model["initial"].items():
        yield from _arrays(f"model.initial.{name}", value)
    if settings.model.name == "transfer":
        yield "model.graph", settings.model.graph
    if settings.train.start.checkpoint is not None:
        yield "train.start.checkpoint", settings.train.start.checkpoint
    if settings.model.name == "custom":
        yield "model._target_", str(custom.module_file(settings.model.target))
    if settings.data.source == "custom":
        yield "data._target_", str(custom.module_file(settings.data.target))


def _arrays(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value.endswith(".npy"):
        yield key, value
