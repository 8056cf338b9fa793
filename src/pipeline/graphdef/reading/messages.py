"""The protobuf messages of TensorFlow, without starting TensorFlow.

TensorFlow's package imports all of itself before the first of its modules. So while the modules of
the messages are imported, which need nothing else of it, an empty module stands in its place. A
later `import tensorflow` uses the same classes.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

PACKAGE = "tensorflow"


def _message(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"{PACKAGE}.core.{module}_pb2"), name)


@contextmanager
def stand_in() -> Iterator[None]:
    """Let modules of TensorFlow's package be imported without the package itself."""
    if PACKAGE in sys.modules:
        yield
        return
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"No module named {PACKAGE!r}", name=PACKAGE)
    empty = ModuleType(PACKAGE)
    empty.__path__ = list(spec.submodule_search_locations)
    sys.modules[PACKAGE] = empty
    try:
        yield
    finally:
        del sys.modules[PACKAGE]


with stand_in():
    GraphDef = _message("framework.graph", "GraphDef")
    NodeDef = _message("framework.node_def", "NodeDef")
    TensorProto = _message("framework.tensor", "TensorProto")
    AssetFileDef = _message("protobuf.meta_graph", "AssetFileDef")
    MetaGraphDef = _message("protobuf.meta_graph", "MetaGraphDef")
    SavedModel = _message("protobuf.saved_model", "SavedModel")
