"""What a file holds, told by its first bytes: names tell little.

There are frozen graphs called saved_model.pb, graphs as text called .pb, and .pb files that are
something else.
"""

import mmap
import re
from enum import Enum, auto
from pathlib import Path

from pipeline.graphdef.reading import wire

START = 4096


class Content(Enum):
    """A kind of content that this package reads."""

    GRAPH = auto()
    META_GRAPH = auto()
    SAVED_MODEL = auto()
    TFLITE = auto()


_TEXT = re.compile(rb"(?:\s|#[^\n]*\n)*([a-z_]\w*)\s*[:{<]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")

_TEXT_KINDS = {
    b"node": Content.GRAPH,
    b"versions": Content.GRAPH,
    b"library": Content.GRAPH,
    b"meta_info_def": Content.META_GRAPH,
    b"graph_def": Content.META_GRAPH,
    b"saved_model_schema_version": Content.SAVED_MODEL,
    b"meta_graphs": Content.SAVED_MODEL,
}


def first_field_of_text(start: bytes) -> bytes | None:
    """Return the name of the first field of a message as text, given the first bytes of a file.

    None: they are binary.
    """
    found = _TEXT.match(start)
    return found[1] if found and not _CONTROL.search(start) else None


def content_of(path: Path) -> Content | None:
    """Tell what a file holds; None if that is unknown."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            start = data[:START]
            if start[4:8] == b"TFL3":
                return Content.TFLITE
            if name := first_field_of_text(start):
                return _TEXT_KINDS.get(name)
            return _binary_content(data)
    except (OSError, ValueError, StopIteration):  # unreadable, empty, or no message
        return None


def _binary_content(data: wire.Buffer) -> Content | None:
    """Tell messages apart by their first field, and by the first field in that.

    A SavedModel begins with its version, a number; a graph with a node, which begins with its name;
    a meta graph with what is known of it, which begins with a list of operations.
    """
    number, kind, start, stop = next(wire.fields(data, 0, len(data)))
    if (number, kind) == (1, wire.VARINT):
        return Content.SAVED_MODEL
    if (number, kind) == (2, wire.BYTES):
        return Content.META_GRAPH
    if (number, kind) != (1, wire.BYTES):
        return None
    inner, *_ = next(wire.fields(data, start, stop))
    return Content.GRAPH if inner == 1 else Content.META_GRAPH
