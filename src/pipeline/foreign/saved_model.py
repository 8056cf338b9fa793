"""SavedModels of both versions: a graph, its signature, variables, tables and asset files.

They are not loaded by TensorFlow's own loaders: each of these fails on some. The graph's restore
op says which value goes into which variable, in both versions.
"""

from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError, listing
from pipeline.foreign.assembly import Source, assemble
from pipeline.foreign.meta_graph import name_initializers
from pipeline.graph.execution.loaded import Choice, Loaded, file_of
from pipeline.graph.execution.signature import choose_signature
from pipeline.graph.execution.tensors import parse
from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.reading import read_saved_model
from pipeline.graphdef.saved_model import find_assets

SERVE = "serve"


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load one graph of a SavedModel, as `assembly.assemble` says."""
    meta = choose_meta_graph(read_saved_model(file_of(files)), choice.tags, files.path)
    source = Source(
        files=files,
        graph=meta.graph_def,
        signature=choose_signature(meta, choice.signature, files.path),
        restore=parse(meta.saver_def.restore_op_name)[0],
        initializers=tuple(name_initializers(meta)),
        assets=dict(find_assets(meta, file_of(files).parent)),
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
