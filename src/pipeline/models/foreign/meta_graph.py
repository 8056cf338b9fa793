"""What a `MetaGraphDef` says besides its graph: what runs first, and files that fill tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

from pipeline.errors import ArtifactError
from pipeline.models.foreign.tensors import parse

# Collections and signatures that name what runs after the variables are restored.
_INITIALIZERS = ("saved_model_main_op", "legacy_init_op", "table_initializer")
_INIT_SIGNATURE = "__saved_model_init_op"
_OLD_ASSETS = "saved_model_assets"


def name_initializers(meta: Any) -> Iterator[str]:
    """Yield the names of nodes that run once before the graph is used."""
    for key in _INITIALIZERS:
        if key in meta.collection_def:
            for name in meta.collection_def[key].node_list.value:
                yield parse(name)[0]
    if _INIT_SIGNATURE in meta.signature_def:
        for info in meta.signature_def[_INIT_SIGNATURE].outputs.values():
            yield parse(info.name)[0]


def find_assets(meta: Any, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield tensors and the paths of the files in a folder that they are given.

    Raises:
        ArtifactError: a file lies outside of the folder.
    """
    assets = list(meta.asset_file_def)
    if _OLD_ASSETS in meta.collection_def:
        for packed in meta.collection_def[_OLD_ASSETS].any_list.value:
            assets.append(AssetFileDef())
            packed.Unpack(assets[-1])
    for asset in assets:
        path = folder / asset.filename
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ArtifactError(f"{folder.parent} names a file outside of it: {asset.filename!r}")
        yield asset.tensor_info.name, str(path)
