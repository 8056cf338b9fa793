"""Seeds of random operations: of (seed, name) where the graph has none."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError
from pipeline.graph.execution.tensors import op_named
from pipeline.graphdef.operations import Kind, judge

SEEDS = ("seed", "seed2")


def seed_operations(graph: Any, seed: int, path: Path) -> tuple[str, ...]:
    """Give each random operation without a seed one, in place; returns the names of all random.

    Operations that take their seed as an input compute the same from the same inputs.

    Raises:
        ArtifactError: an operation has no seed to set.
    """
    found = []
    for prefix, node in _named(graph):
        if judge(node.op).kind != Kind.RANDOM:
            continue
        if node.op.startswith("Stateless"):
            continue
        attributes = {one.name for one in op_named(node.op).attr}
        if not attributes.issuperset(SEEDS):
            raise ArtifactError(
                f"{path}: node {node.name!r} ({node.op}) draws random numbers and takes no seed;"
                " name tensors that do not need it"
            )
        found.append(prefix + node.name)
        if not any(node.attr[name].i for name in SEEDS):
            node.attr["seed"].i = seed
            node.attr["seed2"].i = 1 + (zlib.crc32(node.name.encode()) & 0x3FFFFFFF)
    return tuple(found)


def _named(graph: Any) -> Iterator[tuple[str, Any]]:
    for node in graph.node:
        yield "", node
    for function in graph.library.function:
        for node in function.node_def:
            yield f"{function.signature.name}/", node
