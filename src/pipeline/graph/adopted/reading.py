"""The graph in a `.meta` file, judged, cut at its inputs, and pruned to what is used of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError, ConfigError, nearest
from pipeline.graph.adopted import functions, judging, seeds
from pipeline.graph.adopted.declarations import find_declared, find_trainable
from pipeline.graph.execution import roles
from pipeline.graph.execution.cutting import cut_at_inputs
from pipeline.graph.execution.loaded import file_of
from pipeline.graph.execution.pruning import by_name, prune
from pipeline.graph.execution.signature import Ends
from pipeline.graph.execution.tensors import Tensor, op_of, output_types, parse
from pipeline.graph.execution.variables import Variable, find_variables
from pipeline.graphdef.functions import functions_of
from pipeline.graphdef.locate import Kind, ModelFiles, locate
from pipeline.graphdef.reading import read_meta_graph
from pipeline.schema.training.model import Graph
from pipeline.workspace import Workspace

INPUT, LABEL, OUTPUT, LOSS, TRAIN_OP = "input", "label", "output", "loss", "train_op"


@dataclass(frozen=True)
class AdoptedGraph:
    """The used part of a third-party graph.

    Attributes:
        graph: `GraphDef`; all its random operations have seeds.
        ends: tensors by `INPUT`, `LABEL`, `OUTPUT`, `LOSS`, and by the names in `model.feeds`.
        train_op: the name of a node; None where there is none.
        declared: how the graph saves its variables (`VariableDef`), by their nodes.
        trainable: nodes of the variables that an optimizer changes.
        random: nodes that draw random numbers, besides those for initial values.
    """

    path: Path
    graph: Any
    ends: Mapping[str, Tensor]
    train_op: str | None
    declared: Mapping[str, Any]
    trainable: frozenset[str]
    random: tuple[str, ...]

    @property
    def variables(self) -> list[Variable]:
        """The variables that are used."""
        return find_variables(self.graph)


def find_files(settings: Graph, workspace: Workspace) -> ModelFiles:
    """Return the files of the model, which has a `.meta` file.

    Raises:
        ArtifactError: it has none, or there is no model.
    """
    try:
        files = locate(workspace.path(settings.graph))
    except ArtifactError as error:
        raise ArtifactError(f"model.graph: {error}") from None
    if files.file is None or files.kind not in (Kind.CHECKPOINT, Kind.META):
        raise ArtifactError(
            f"model.graph={settings.graph} is a {files.kind} without a .meta file; give a"
            " checkpoint that has one beside it, or the .meta file"
        )
    return files


def read_inference(settings: Graph, workspace: Workspace, seed: int = 0) -> AdoptedGraph:
    """Read what the output needs.

    Raises:
        ArtifactError: the file is damaged, or the graph does more than compute.
        ConfigError: a tensor is missing, or an input that has no value in `model.feeds`.
    """
    adopted = _read(settings, workspace, seed, {INPUT: settings.input, OUTPUT: settings.output})
    judging.require_reading_only(adopted.graph, adopted.path)
    return adopted


def read_step(settings: Graph, workspace: Workspace, seed: int) -> AdoptedGraph:
    """Read what the output, the loss and a step of the training need, as `read_inference` does."""
    names = {INPUT: settings.input, OUTPUT: settings.output}
    names |= {LABEL: settings.label or "", LOSS: settings.loss or ""}
    return _read(settings, workspace, seed, names)


def _read(
    settings: Graph, workspace: Workspace, seed: int, names: Mapping[str, str]
) -> AdoptedGraph:
    path = file_of(find_files(settings, workspace))
    meta = read_meta_graph(path)
    nodes, is_step = by_name(meta.graph_def), LOSS in names
    tensors = {key: _find_tensor(meta.graph_def, key, name, path) for key, name in names.items()}
    fed = {name: _find_tensor(meta.graph_def, "feeds", name, path) for name in settings.feeds}
    train_op = _find_node(nodes, settings.train_op, path) if is_step else None
    inputs = {key: tensors[key] for key in (INPUT, LABEL) if key in tensors} | fed
    judging.require_harmless(prune(meta.graph_def, _inside(nodes, inputs.values())), path)
    outputs = {key: tensors[key] for key in (OUTPUT, LOSS) if key in tensors}
    graph, ends = cut_at_inputs(meta.graph_def, Ends(inputs, outputs), path)
    declared = find_declared(meta)
    roots = [name for name, _ in (*ends.inputs.values(), *ends.outputs.values())]
    pruned = prune(graph, [*roots, *([train_op] if train_op else [])])
    random = seeds.seed_operations(pruned, seed, path)
    if is_step:
        used = [one.node for one in find_variables(pruned)]
        pruned = prune(graph, [*(node.name for node in pruned.node), *_helpers(declared, used)])
    judging.require_harmless(pruned, path)
    judging.require_fed(pruned, {name for name, _ in ends.inputs.values()}, path)
    seeds.seed_operations(pruned, seed, path)
    functions.name_by_content(pruned)
    variables = find_variables(pruned)
    trainable = find_trainable(meta, variables)
    return AdoptedGraph(
        path, pruned, {**ends.inputs, **ends.outputs}, train_op, declared, trainable, random
    )


def _helpers(declared: Mapping[str, Any], nodes: Iterable[str]) -> list[str]:
    """Return the nodes that initialize and read variables."""
    found = (declared[node] for node in nodes if node in declared)
    return [
        parse(name)[0]
        for one in found
        for name in (one.initializer_name, one.snapshot_name, one.initial_value_name)
        if name
    ]


def _inside(nodes: Mapping[str, Any], tensors: Iterable[Tensor]) -> list[str]:
    """Return the nodes of inputs that are imported to infer their shape."""
    kinds = (*roles.PLACEHOLDERS, roles.OPTIONAL)
    names = [name for name, _ in tensors]
    return [one for one in names if nodes[one].op not in kinds and not roles.reads_rows(nodes[one])]


def _find_tensor(graph: Any, key: str, name: str, path: Path) -> Tensor:
    nodes, place = by_name(graph), parse(name)
    if place[0] not in nodes:
        raise ConfigError(
            f"model.{key}: {path} has no tensor {name!r}{nearest(place[0], nodes)};"
            f" `pipeline inspect --ops {path}` lists them"
        )
    node = nodes[place[0]]
    count = len(output_types(node, op_of(node, functions_of(graph))))
    if place[1] >= count:
        what = f"the operation {place[0]!r} ({node.op}) gives {count} tensors; name one"
        raise ConfigError(f"model.{key}: {path} has no tensor {name!r}: {what}")
    return place


def _find_node(nodes: Mapping[str, Any], name: str | None, path: Path) -> str | None:
    if name is None or name in nodes:
        return name
    raise ConfigError(
        f"model.train_op: {path} has no operation {name!r}{nearest(name, nodes)};"
        f" `pipeline inspect --ops {path}` lists them"
    )
