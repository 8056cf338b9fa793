"""The model at a path: which form it is, and which graphs it has."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import pipeline.graph  # noqa: F401  (TensorFlow starts there, quietly)
from pipeline.errors import ArtifactError
from pipeline.foreign.described import require_described
from pipeline.graphdef.examine import parts_of
from pipeline.graphdef.locate import Kind, ModelFiles, locate
from pipeline.inspection.checkpoint import files_of, read_variables
from pipeline.inspection.graph import summarize_graph, summarize_variables
from pipeline.inspection.summary import GraphSummary, format_graph
from pipeline.inspection.tflite import summarize_tflite


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
    """Summarize the model at a path: a file, a folder, or the prefix of a checkpoint.

    Raises:
        ArtifactError: there is no model, its files cannot be read, or they are not those that its
            sidecar describes, if it has one.
    """
    files = locate(path)
    require_described(path)
    match files.kind:
        case Kind.CHECKPOINT if files.prefix is not None:
            return _summarize_checkpoint(files, files.prefix)
        case Kind.TFLITE if files.file:
            return _summary(files.file, "TFLite", [summarize_tflite(files.file)])
        case Kind.OUTPUTS:
            raise ArtifactError(f"{path} holds stored outputs; give a model")
    graphs = [summarize_graph(part, files) for part in parts_of(files)]
    if files.kind == Kind.SAVED_MODEL and files.file:
        return _summary(files.file.parent, "SavedModel", graphs)
    kind = "meta graph without values" if files.kind == Kind.META else "frozen graph"
    if graphs[0].variables and files.kind == Kind.GRAPH:
        kind = "graph without the values of its variables"
    return _summary(files.file or path, kind, graphs)


def _summarize_checkpoint(files: ModelFiles, prefix: str) -> ModelSummary:
    variables = read_variables(prefix)
    graphs = [summarize_graph(part, files, variables) for part in parts_of(files)]
    kind = "checkpoint with its graph" if graphs else "checkpoint without a graph (no .meta)"
    size = sum(file.stat().st_size for file in files_of(prefix))
    return ModelSummary(prefix, kind, size, graphs or [summarize_variables(variables)])


def _summary(place: Path, kind: str, graphs: list[GraphSummary]) -> ModelSummary:
    within = place.rglob("*") if place.is_dir() else [place]
    size = sum(file.stat().st_size for file in within if file.is_file())
    return ModelSummary(str(place), kind, size, graphs)
