"""Files besides the data that a configuration names; params.yaml holds their hashes.

DVC sees a change of such a file as a change of the parameter `inputs`, and nothing goes on from an
old state.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import custom, files
from pipeline.errors import ArtifactError, ConfigError
from pipeline.settings import Settings


def named(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the key and the path of each such file or folder.

    Raises:
        ConfigError: the module of a `_target_` is not there.
        ArtifactError: the folder of a checkpoint has none.
    """
    model = settings.model.model_dump()
    for key in ("weights", "bias"):
        yield from _arrays(f"model.{key}", model.get(key))
    for name, value in model["initial"].items():
        yield from _arrays(f"model.initial.{name}", value)
    if settings.model.name == "transfer":
        yield "model.graph", settings.model.graph
    if settings.train.start.checkpoint is not None:
        folder = Path(settings.train.start.checkpoint)
        if folder.is_dir() and not (folder / "checkpoint").is_file():
            raise ArtifactError(f"train.start.checkpoint={folder} has no checkpoint")
        yield "train.start.checkpoint", str(folder)
    if settings.model.name == "custom":
        yield "model._target_", str(custom.module_file(settings.model.target))
    if settings.data.source == "custom":
        yield "data._target_", str(custom.module_file(settings.data.target))


def require_unchanged(settings: Settings) -> None:
    """Refuse files that are not those that params.yaml was composed with.

    Raises:
        ConfigError: naming the first.
    """
    for path, digest in settings.inputs.items():
        if not Path(path).exists() or files.sha256(Path(path)) != digest:
            raise ConfigError(
                f"{path} is missing or has changed since params.yaml was composed; `pipeline run`,"
                " with the same overrides, composes it again"
            )


def _arrays(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value.endswith(".npy"):
        yield key, value
