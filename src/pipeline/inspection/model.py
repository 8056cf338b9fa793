"""The model at a path: which form it is, and which graphs it has."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from pipeline.errors import ArtifactError, one_line
from pipeline.graphdef.reading import checkpoints, read_graph_def, read_meta_graph, read_saved_model
from pipeline.inspection.graph import summarize_graph, summarize_variables
from pipeline.inspection.summary import GraphSummary, Tensor, format_graph
from pipeline.inspection.tensors import bytes_of
from pipeline.models.forms import checkpoint, frozen_graph, saved_model
from pipeline.models.metadata import hashes, sidecar


@dataclass(frozen=True)
class ModelSummary:
    """What lies at a path."""

    path: str
    kind: str
    bytes: int
    graphs: list[GraphSummary]

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
        lines += [line for graph in self.graphs for line in format_graph(graph, operations)]
        # Names from a file must not draw on the terminal.
        printable = ([c if c.isprintable() else ascii(c)[1:-1] for c in line] for line in lines)
        return "\n".join(map("".join, printable))


def inspect(path: Path) -> ModelSummary:
    """Summarize a frozen graph, a SavedModel folder, a checkpoint's folder or its prefix.

    Raises:
        ArtifactError: the path is not a model, its files cannot be read, or they are not those that
            its sidecar describes, if it has one.
    """
    folder = path.parent if path.name == saved_model.FILE else path
    prefix = path.with_suffix("") if path.suffix in (".index", ".meta") else path
    _require_described(folder, prefix)
    if (folder / saved_model.FILE).is_file():
        return _inspect_saved_model(folder)
    for file in (path, path / frozen_graph.FILE):
        if file.suffix == ".pb" and file.is_file():
            graph = summarize_graph(read_graph_def(file), file)
            return ModelSummary(str(file), "frozen graph", file.stat().st_size, [graph])
    if path.is_dir() and (latest := checkpoints.find_latest(path)):
        return _inspect_checkpoint(Path(latest))
    if Path(f"{prefix}.index").is_file():
        return _inspect_checkpoint(prefix)
    if not path.exists():
        raise ArtifactError(f"{path} is missing")
    forms = "a frozen graph (.pb), a SavedModel folder, or a checkpoint's folder or prefix"
    raise ArtifactError(f"{path} is not a model; give {forms}")


def _require_described(folder: Path, prefix: Path) -> None:
    """Refuse files that are not those of the sidecar beside them; other models have none."""
    if found := hashes.read_if_sealed(folder / saved_model.SIDECAR):
        hashes.require_files(found, folder)
    elif found := hashes.read_if_sealed(folder / sidecar.FILE):
        if frozen_graph.FILE in found.hashes:
            hashes.require_files(found, folder, frozen_graph.FILE)
        else:
            checkpoint.find_latest(folder)
    elif found := hashes.read_if_sealed(folder.parent / sidecar.FILE):
        name = frozen_graph.FILE if folder.name == frozen_graph.FILE else f"{prefix.name}."
        if any(known.startswith(name) for known in found.hashes):
            hashes.require_files(found, folder.parent, name)


def _inspect_saved_model(folder: Path) -> ModelSummary:
    file = folder / saved_model.FILE
    metas = read_saved_model(file).meta_graphs
    if not metas:
        raise ArtifactError(f"{file} has no graph: it is truncated or damaged")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    graphs = [summarize_graph(meta.graph_def, folder, meta) for meta in metas]
    return ModelSummary(str(folder), "SavedModel", size, graphs)


def _inspect_checkpoint(prefix: Path) -> ModelSummary:
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
    kind, graph = "checkpoint without a graph (no .meta)", summarize_variables(variables)
    if (file := Path(f"{prefix}.meta")).is_file():
        meta, kind = read_meta_graph(file), "checkpoint with its graph"
        graph = summarize_graph(meta.graph_def, file, meta, variables)
    size = sum(file.stat().st_size for file in prefix.parent.glob(f"{prefix.name}.*"))
    return ModelSummary(str(prefix), kind, size, [graph])
