"""What a `MetaGraphDef` says besides its graph: what runs first."""

from collections.abc import Iterator
from typing import Any

from pipeline.graph.execution.tensors import parse

# Collections and signatures that name what runs after the variables are restored.
_INITIALIZERS = ("saved_model_main_op", "legacy_init_op", "table_initializer")
_INIT_SIGNATURE = "__saved_model_init_op"


def name_initializers(meta: Any) -> Iterator[str]:
    """Yield the names of nodes that run once before the graph is used."""
    for key in _INITIALIZERS:
        if key in meta.collection_def:
            for name in meta.collection_def[key].node_list.value:
                yield parse(name)[0]
    if _INIT_SIGNATURE in meta.signature_def:
        for info in meta.signature_def[_INIT_SIGNATURE].outputs.values():
            yield parse(info.name)[0]
