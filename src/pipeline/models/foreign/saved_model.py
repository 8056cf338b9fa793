"""SavedModels of both versions: a graph, its signature, variables, tables and asset files.

They are not loaded by TensorFlow's own loaders: each of these fails on some. The graph's restore
op says which value goes into which variable, in both versions.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf.meta_graph_pb2 import AssetFileDef

from pipeline.errors import ArtifactError, listing
from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.reading import read_saved_model
from pipeline.models.foreign.assembly import Source, assemble
from pipeline.models.foreign.loaded import Choice, Loaded, file_of
from pipeline.models.foreign.signature import choose_signature
from pipeline.models.foreign.tensors import parse

SERVE = "serve"

# Collections and signatures that name what runs after the variables are restored.
_INITIALIZERS = ("saved_model_main_op", "legacy_init_op", "table_initializer")
_INIT_SIGNATURE = "__saved_model_init_op"
_OLD_ASSETS = "saved_model_assets"


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load one graph of a SavedModel, as `assembly.assemble` says."""
    meta = choose_meta_graph(read_saved_model(file_of(files)), choice.tags, files.path)
    source = Source(
        files=files,
        graph=meta.graph_def,
        signature=choose_signature(meta, choice.signature, files.path),
        restore=parse(meta.saver_def.restore_op_name)[0],
        initializers=tuple(_initializers(meta)),
        assets=dict(_assets(meta, file_of(files).parent / "assets")),
    )
    return assemble(source, choice)


def choose_meta_graph(saved: Any, tags: tuple[str, ...] | None, source: Path) -> Any:
    """Return the graph with some tags; without a choice the only one, or that for serving.

    Raises:
        ArtifactError: there is none, or there are several to choose from.
    """
    by_tags = {frozenset(meta.meta_info_def.tags): meta for meta in saved.meta_graphs}
    has = "; ".join(",".join(sorted(one)) or "no tag" for one in by_tags)
    if tags is not None:
        if frozenset(tags) not in by_tags:
            raise ArtifactError(f"{source} has no graph with tags {listing(tags)}; it has {has}")
        return by_tags[frozenset(tags)]
    if len(saved.meta_graphs) == 1:
        return saved.meta_graphs[0]
    if frozenset({SERVE}) not in by_tags:
        raise ArtifactError(f"{source} has several graphs: {has}; choose with --tags")
    return by_tags[frozenset({SERVE})]


def _initializers(meta: Any) -> Iterator[str]:
    for key in _INITIALIZERS:
        for name in meta.collection_def[key].node_list.value:
            yield parse(name)[0]
    for info in meta.signature_def[_INIT_SIGNATURE].outputs.values():
        yield parse(info.name)[0]


def _assets(meta: Any, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield tensors and the paths of the files that they are given.

    Raises:
        ArtifactError: a file lies outside of the folder.
    """
    assets = list(meta.asset_file_def)
    for packed in meta.collection_def[_OLD_ASSETS].any_list.value:
        asset = AssetFileDef()
        packed.Unpack(asset)
        assets.append(asset)
    for asset in assets:
        path = folder / asset.filename
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ArtifactError(f"{folder.parent} names a file outside of it: {asset.filename!r}")
        yield asset.tensor_info.name, str(path)
