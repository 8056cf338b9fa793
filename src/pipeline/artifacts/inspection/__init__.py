"""Look at a model without executing it: its protobufs are parsed, its graph is never loaded."""

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.artifacts import checkpoint, frozen, hashes, saved_model, signature
from pipeline.artifacts.inspection.described import Graph, Tensor
from pipeline.artifacts.inspection.layers import layers_of
from pipeline.artifacts.inspection.nodes import (
    bytes_of,
    called_by,
    constants_of,
    in_order,
    loose_ends,
    operation_of,
    shape_at,
    shapes_of,
    tensor_of,
    variables_of,
)
from pipeline.artifacts.inspection.operations import PLACEHOLDERS, PURE
from pipeline.artifacts.inspection.text import text_of
from pipeline.errors import ArtifactError, one_line

v1 = tf.compat.v1


@dataclass(frozen=True)
class Model:
    """What lies at a path."""

    path: str
    kind: str
    bytes: int
    graphs: list[Graph]

    def to_json(self, operations: bool) -> str:
        """Return all of it as JSON, with every operation or without."""
        values = dataclasses.asdict(self)
        if not operations:
            for graph in values["graphs"]:
                del graph["operations"]
        return json.dumps(values, indent=2)

    def to_text(self, operations: bool) -> str:
        """Return tables for people, with every operation or without."""
        lines = [self.path, f"{self.kind}, {self.bytes:,} bytes"]
        for graph in self.graphs:
            lines += text_of(graph, operations)
        # A stranger's names must not draw on the terminal.
        return "\n".join(
            "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines
        )


def inspect(path: Path) -> Model:
    """Look at a frozen graph, a SavedModel folder, a checkpoint's folder or its prefix.

    Raises:
        ArtifactError: there is none, or it is damaged: its signature, if it has one, has the hashes
            of other files, or they cannot be read.
    """
    folder = path.parent if path.name == "saved_model.pb" else path
    prefix = path.with_suffix("") if path.suffix in (".index", ".meta") else path
    _require_signed(folder, prefix)
    if (folder / "saved_model.pb").is_file():
        return _saved_model(folder)
    if path.is_file() and path.suffix == ".pb":
        return _frozen(path)
    if (path / "model.pb").is_file():
        return _frozen(path / "model.pb")
    if path.is_dir() and (latest := _latest(path)):
        return _checkpoint(Path(latest))
    if _beside(prefix, ".index").is_file():
        return _checkpoint(prefix)
    if not path.exists():
        raise ArtifactError(f"{path} is missing")
    raise ArtifactError(
        f"{path} is no model; give a frozen graph (.pb), a SavedModel folder, or a checkpoint's"
        " folder or prefix"
    )


def _require_signed(folder: Path, prefix: Path) -> None:
    """Refuse files that are not those of the signature beside them; a stranger's has none."""
    if signed := signature.read_if_signed(folder / saved_model.SIGNATURE):
        hashes.require(signed, folder)
    elif signed := signature.read_if_signed(folder / signature.FILE):
        if frozen.FILE in signed.hashes:
            hashes.require(signed, folder, frozen.FILE)
        else:
            checkpoint.latest(folder)
    elif signed := signature.read_if_signed(folder.parent / signature.FILE):
        beginning = frozen.FILE if folder.name == frozen.FILE else f"{prefix.name}."
        if any(name.startswith(beginning) for name in signed.hashes):
            hashes.require(signed, folder.parent, beginning)


def _latest(folder: Path) -> str | None:
    try:
        return v1.train.latest_checkpoint(str(folder))  # type: ignore[no-any-return]
    except ValueError:
        raise ArtifactError(f"{folder / 'checkpoint'} is damaged; give the prefix") from None


def _beside(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)


def _frozen(path: Path) -> Model:
    graph = v1.GraphDef()
    _parse(graph, path)
    return Model(str(path), "frozen graph", path.stat().st_size, [_graph(graph, path)])


def _saved_model(folder: Path) -> Model:
    saved = SavedModel()
    _parse(saved, folder / "saved_model.pb")
    if not saved.meta_graphs:
        raise ArtifactError(f"{folder / 'saved_model.pb'} has no graph: it is truncated or damaged")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    graphs = [_graph(meta.graph_def, folder, meta) for meta in saved.meta_graphs]
    return Model(str(folder), "SavedModel", size, graphs)


def _checkpoint(prefix: Path) -> Model:
    """Describe a checkpoint; only its index is read."""
    try:
        reader = tf.train.load_checkpoint(str(prefix))
    except checkpoint.UNREADABLE as error:
        raise ArtifactError(f"{prefix} cannot be read: {one_line(error)}") from None
    dtypes = reader.get_variable_to_dtype_map()
    variables = [
        Tensor(name, dtypes[name].name, tuple(shape))
        for name, shape in sorted(reader.get_variable_to_shape_map().items())
    ]
    data = sum(file.stat().st_size for file in prefix.parent.glob(f"{prefix.name}.data-*"))
    if data < (needed := sum(bytes_of(variable) for variable in variables)):
        raise ArtifactError(f"{prefix}.data-* is truncated: it has {data:,} bytes of {needed:,}")
    file, meta = _beside(prefix, ".meta"), v1.MetaGraphDef()
    if file.is_file():
        _parse(meta, file)
        graph = _graph(meta.graph_def, file, meta, variables)
    else:
        layers, _ = layers_of({}, (), {}, variables)
        graph = Graph([], "", [], [], {}, variables, layers, {}, [], 0, [])
    size = sum(file.stat().st_size for file in prefix.parent.glob(f"{prefix.name}.*"))
    kind = "checkpoint" + (" with its graph" if file.is_file() else " without a graph (no .meta)")
    return Model(str(prefix), kind, size, [graph])


def _parse(message: Any, path: Path) -> None:
    try:
        message.ParseFromString(path.read_bytes())
    except (DecodeError, ValueError) as error:
        raise ArtifactError(f"{path} holds no graph: {one_line(error)}") from None


def _graph(
    graph: Any, path: Path, meta: Any = None, saved: Sequence[Tensor] | None = None
) -> Graph:
    """Describe a graph.

    Args:
        meta: the MetaGraphDef it is of, if any.
        saved: the variables of its checkpoint; otherwise they are the graph's own.
    """
    nodes = {node.name: node for node in graph.node}
    if not nodes:
        raise ArtifactError(f"{path} holds no graph: it has no operations")
    for node in graph.node:
        if lost := [wanted for wanted in map(operation_of, node.input) if wanted not in nodes]:
            raise ArtifactError(
                f"{path} is truncated or damaged: {node.name!r} needs {lost[0]!r}, which is missing"
            )
    shapes = shapes_of(nodes)
    signatures = {} if meta is None else _signatures(meta)
    named = [n for one in signatures.values() for n in one["outputs"].values() if ":" in n]
    outputs = list(dict.fromkeys(named)) or loose_ends(nodes)
    needed = in_order(nodes, map(operation_of, outputs))
    variables = list(variables_of(graph.node) if saved is None else saved)
    layers, uncounted = layers_of(nodes, needed, shapes, variables or constants_of(graph.node))
    everything = [("", node) for node in graph.node]
    for function in graph.library.function:
        everything += [(function.signature.name, node) for node in function.node_def]
    functions = {function.signature.name for function in graph.library.function}
    known = PURE | functions
    return Graph(
        tags=[] if meta is None else list(meta.meta_info_def.tags),
        version=f"TensorFlow {meta.meta_info_def.tensorflow_version or 'unknown'}"
        if meta is not None
        else f"graph version {graph.versions.producer or '0: very old, or truncated'}",
        inputs=[
            tensor_of(nodes, shapes, f"{node.name}:0")
            for node in graph.node
            if node.op in PLACEHOLDERS
            and (node.name in needed or (node.op == "Placeholder" and not named))
        ],
        outputs=[tensor_of(nodes, shapes, name) for name in outputs],
        signatures=signatures,
        variables=variables,
        layers=layers,
        uncounted=uncounted,
        op_types=dict(Counter(node.op for _, node in everything).most_common()),
        acting=[
            {"name": node.name, "op": node.op, "function": function}
            for function, node in everything
            if node.op not in known or not called_by(node) <= functions
        ],
        operations=[Tensor(name, node.op, shape_at(shapes, name)) for name, node in nodes.items()],
    )


def _signatures(meta: Any) -> dict[str, dict[str, dict[str, str]]]:
    """Return tensor names by signature, `inputs` or `outputs`, and key."""
    return {
        name: {
            side: {key: tensor.name for key, tensor in sorted(getattr(one, side).items())}
            for side in ("inputs", "outputs")
        }
        for name, one in sorted(meta.signature_def.items())
    }
