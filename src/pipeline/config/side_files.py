"""Files besides the data that a configuration names; params.yaml has their hashes.

For DVC, a change of such a file is a change of the parameter `inputs`: results are computed again.
"""

import glob
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ArtifactError, ConfigError
from pipeline.repository import known_digests
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace, user_code


def find(settings: Settings, workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Yield the key and the path of each file or folder.

    Raises:
        ConfigError: the module of a `_target_` does not exist.
        ArtifactError: the folder of a checkpoint has no checkpoint, or there is no model.
    """
    model = settings.model.model_dump()
    arrays = {f"model.{key}": model.get(key) for key in ("weights", "bias")}
    arrays |= {f"model.initial.{name}": value for name, value in model["initial"].items()}
    for key, value in arrays.items():
        if isinstance(value, str) and value.endswith(".npy"):
            yield key, value
    if settings.model.name == "transfer":
        yield "model.graph", settings.model.graph
    if settings.model.name == "graph":
        for file in _files_of_graph(settings.model.graph, workspace):
            yield "model.graph", workspace.relative(file)
    if (name := settings.train.start.checkpoint) is not None:
        folder = workspace.path(name)
        if folder.is_dir() and not (folder / "checkpoint").is_file():
            raise ArtifactError(
                f"train.start.checkpoint={name} has no checkpoint; give a folder with a file"
                " `checkpoint`, such as a copy of artifacts/checkpoint"
            )
        yield "train.start.checkpoint", name
    if settings.model.name == "custom":
        file = user_code.module_file(settings.model.target, workspace)
        yield "model._target_", workspace.relative(file)
    if settings.data.source == "custom":
        file = user_code.module_file(settings.data.target, workspace)
        yield "data._target_", workspace.relative(file)


def _files_of_graph(name: str, workspace: Workspace) -> Iterator[Path]:
    """Yield the files of a checkpoint of other code: its graph and its values, or its folder."""
    path = workspace.path(name)
    if path.is_dir():
        yield path
        return
    from pipeline.graphdef.locate import locate  # protobuf takes time to import

    found = locate(path)
    if found.file is not None:
        yield found.file
    if found.prefix is not None:
        prefix = Path(found.prefix)
        values = prefix.parent.glob(f"{glob.escape(prefix.name)}.*")
        yield from sorted(file for file in values if file.suffix != ".meta")


def require_unchanged(settings: Settings, workspace: Workspace) -> None:
    """Check that files are the same as when params.yaml was composed.

    Raises:
        ConfigError: a file has changed; the message names the first one.
    """
    for path, digest in settings.inputs.items():
        file = workspace.path(path)
        if not file.exists() or known_digests.sha256(file, workspace) != digest:
            raise ConfigError(
                f"{path} is missing or has changed since params.yaml was composed; `pipeline run`"
                " with the same overrides composes it again"
            )
