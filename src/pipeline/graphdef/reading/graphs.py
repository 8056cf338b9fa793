"""Reading graph files, binary or text: the one place where bytes of a graph are parsed."""

import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from pipeline.errors import ArtifactError, one_line
from pipeline.graphdef.reading import messages, text, wire
from pipeline.graphdef.reading.limits import limited_memory
from pipeline.graphdef.reading.sniffing import START, first_field_of_text

# What to do about a file that cannot be read; the end of messages.
REMEDY = "copy it again"

# Protobuf cannot write a larger message. How deep messages may be nested, it limits itself.
MAX_BYTES = 2 * 2**30
MAX_TEXT_BYTES = 64 * 2**20  # text is parsed a thousand times slower
MAX_NODES = 250_000  # of a graph and its functions


@dataclass(frozen=True)
class _Kind:
    """A kind of message, and the field numbers that lead from it to a graph."""

    message: Any
    path: tuple[int, ...]

    @property
    def name(self) -> str:
        return str(self.message.DESCRIPTOR.name)


_TEXT_NODE = re.compile(r"\bnode(?:_def)?\s*[:{<]")
_NODES = ((1,), (2, 1, 3))  # of a GraphDef, and of the functions in its library
_GRAPH = _Kind(messages.GraphDef, ())
_META_GRAPH = _Kind(messages.MetaGraphDef, (2,))
_SAVED_MODEL = _Kind(messages.SavedModel, (2, 2))


def read_graph_def(path: Path) -> Any:
    """Read a `GraphDef`, such as a frozen graph.

    Raises:
        ArtifactError: the file is missing, too large, damaged, or holds no graph.
    """
    graph = _read(_GRAPH, path)
    _require_nodes(graph, path)
    return graph


def read_meta_graph(path: Path) -> Any:
    """Read a `MetaGraphDef`: the `.meta` file of a checkpoint.

    Raises:
        ArtifactError: the file is missing, too large, damaged, or holds no graph.
    """
    meta = _read(_META_GRAPH, path)
    _require_nodes(meta.graph_def, path)
    return meta


def read_saved_model(path: Path) -> Any:
    """Read a `SavedModel`: the file saved_model.pb or saved_model.pbtxt.

    Raises:
        ArtifactError: the file is missing, too large, damaged, or holds no graph.
    """
    saved = _read(_SAVED_MODEL, path)
    if not saved.meta_graphs:
        raise ArtifactError(f"{path} holds no graph; {REMEDY}")
    for meta in saved.meta_graphs:
        _require_nodes(meta.graph_def, path)
    return saved


def _require_nodes(graph: Any, path: Path) -> None:
    """Refuse a message of another kind: it has no operations, or some without name or type."""
    if not graph.node:
        raise ArtifactError(f"{path} holds no graph: it has no operations; {REMEDY}")
    if not all(node.name and node.op for node in graph.node):
        raise ArtifactError(f"{path} holds no graph: an operation has no name or no type; {REMEDY}")


def _read(kind: _Kind, path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ArtifactError(
                f"{path} has {size:,} bytes; a graph file has at most {MAX_BYTES:,}"
            )
        with path.open("rb") as file:
            if first_field_of_text(file.read(START)):
                return _parse_text(kind, path, size)
            if size:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    _require_few_nodes(kind, path, data)
        with limited_memory(size):
            return kind.message.FromString(path.read_bytes())
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing; fix the path") from None
    except wire.TruncatedError as error:
        raise ArtifactError(
            f"{path} is truncated, or not a {kind.name}: {error}; {REMEDY}"
        ) from None
    except (DecodeError, OSError, wire.WireError, text.TextError, UnicodeDecodeError) as error:
        raise ArtifactError(
            f"{path} cannot be read as a {kind.name}: {one_line(error)}; {REMEDY}"
        ) from None
    except RecursionError:
        raise ArtifactError(f"{path} cannot be read as a {kind.name}: too deep; {REMEDY}") from None
    except MemoryError:
        raise ArtifactError(
            f"{path} cannot be read as a {kind.name}: it needs too much memory; {REMEDY}"
        ) from None


def _require_few_nodes(kind: _Kind, path: Path, data: wire.Buffer) -> None:
    left = MAX_NODES
    for nodes in _NODES:
        left -= wire.count(data, (*kind.path, *nodes), left)
        if left < 0:
            raise ArtifactError(f"{path} has more than {MAX_NODES:,} operations")


def _parse_text(kind: _Kind, path: Path, size: int) -> Any:
    if size > MAX_TEXT_BYTES:
        raise ArtifactError(
            f"{path} has {size:,} bytes; a graph file that is text has at most {MAX_TEXT_BYTES:,}"
        )
    message = kind.message()
    with limited_memory(3 * size):  # bytes, characters, messages
        content = path.read_text(encoding="utf-8")
        if len(_TEXT_NODE.findall(content)) > MAX_NODES:
            raise ArtifactError(f"{path} has more than {MAX_NODES:,} operations")
        text.parse(content, message)
    return message
