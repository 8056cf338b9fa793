"""From a graph and what its file says of it to a loaded model: where all graphs end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pipeline.foreign.constants import read_constants, read_files
from pipeline.foreign.initializers import find_empty_tables, find_filled, find_initializers
from pipeline.foreign.lifting import lift_constants
from pipeline.foreign.matching import Matched, match, with_averages
from pipeline.foreign.session import PlainSession
from pipeline.graph.execution.cutting import cut_at_inputs
from pipeline.graph.execution.eager import EagerRunner, why_not_eager
from pipeline.graph.execution.importing import describe, import_graph
from pipeline.graph.execution.loaded import Choice, Loaded, Reference
from pipeline.graph.execution.program import Program, Table
from pipeline.graph.execution.pruning import prune
from pipeline.graph.execution.signature import Ends, choose_ends
from pipeline.graph.execution.slots import Slots, find_slots
from pipeline.graph.execution.stored import StoredValues
from pipeline.graph.execution.tensors import parse
from pipeline.graph.execution.variables import find_variables, rename_variables
from pipeline.graph.execution.wrapped import WrappedRunner
from pipeline.graphdef.examine import refuse
from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.scan import find_refused
from pipeline.graphdef.structure import Body


@dataclass(frozen=True)
class Source:
    """A graph as it was read, and what its file says of it."""

    files: ModelFiles
    graph: Any  # GraphDef
    signature: Any = None  # SignatureDef
    restore: str = ""  # the node that restores the variables
    initializers: tuple[str, ...] = ()  # nodes that may fill tables
    assets: Mapping[str, str] = field(default_factory=dict)  # paths of files, by tensor


def assemble(source: Source, choice: Choice) -> Loaded:
    """Prune a graph to what its outputs need, and import it.

    Raises:
        ArtifactError: the choice does not fit, or TensorFlow refuses the graph.
    """
    path = source.files.path
    ends = choose_ends(source.graph, choice, source.signature)
    graph, ends = cut_at_inputs(source.graph, ends, path)
    nodes = list(_nodes(ends))
    slots = find_slots(source.graph, source.restore)
    begin = find_initializers(graph, nodes, source.initializers, slots.variables)
    pruned = prune(graph, [*nodes, *begin])
    _require_harmless(pruned, source, choice)
    matched = _match(source, pruned, find_filled(pruned, begin), slots, choice)
    constants = read_constants(pruned)
    light, lifted = lift_constants(pruned, constants)
    imported = import_graph(light, path)
    names = {node.name for node in pruned.node}
    tables = {name: table for name, table in matched.tables.items() if name in names}
    assets = {name: file for name, file in source.assets.items() if parse(name)[0] in names}
    program = Program(
        source=path,
        definition=light,
        imported=imported,
        interface=describe(imported, ends, path),
        values=matched.values | lifted,
        tables=tables,
        initializers=begin,
        assets=assets,
    )
    return Loaded(
        files=source.files,
        interface=program.interface,
        graph=pruned,
        values=constants | _contents(tables, assets.values()) | matched.values,
        variables=frozenset(matched.values),
        missing=tuple(sorted({*matched.missing, *find_empty_tables(pruned, begin)})),
        averages=matched.averages,
        open_runner=lambda: PlainSession(program),
        open_reference=lambda: open_reference(program),
    )


def _require_harmless(pruned: Any, source: Source, choice: Choice) -> None:
    """Refuse what could act on the machine: the choice may need more than was examined before."""
    fed = [parse(tensor)[0] for tensor in source.assets]
    body = Body(pruned.node)
    refuse(find_refused(pruned, body, body.nodes, fed), source.files, choice.trust)


def _match(source: Source, pruned: Any, filled: set[str], slots: Slots, choice: Choice) -> Matched:
    """Find the values of the variables in a pruned graph, but for those that it fills itself.

    In a SavedModel of version 2, they can get the names that they had when they were trained.
    """
    path, prefix = source.files.path, source.files.prefix
    stored = StoredValues(prefix, choice.rename) if prefix is not None else None
    if stored and stored.names:
        keys = {node: slot.key for node, slot in slots.variables.items()}
        trained = {node: stored.names[key] for node, key in keys.items() if key in stored.names}
        rename_variables(pruned, trained)
    needed = [one for one in find_variables(pruned) if one.node not in filled]
    if stored is None:
        return Matched(missing=tuple(one.name for one in needed))
    matched = match(needed, find_variables(source.graph), slots, stored, path)
    if not choice.ema:
        return matched
    return replace(matched, values=with_averages(matched.values, matched.averages, path))


def _contents(tables: Mapping[str, Table], assets: Iterable[str]) -> dict[str, np.ndarray]:
    """Return what is in tables, and in files that fill some."""
    keys = {f"{node}/keys": pair[0] for node, pair in tables.items()}
    values = {f"{node}/values": pair[1] for node, pair in tables.items()}
    return read_files(assets) | keys | values


def open_reference(program: Program) -> Reference:
    """Open a program op by op where that is possible, else under `wrap_function`."""
    why = why_not_eager(program.definition)
    return WrappedRunner(program, why) if why else EagerRunner(program)


def _nodes(ends: Ends) -> Iterable[str]:
    return dict.fromkeys(name for side in (ends.outputs, ends.inputs) for name, _ in side.values())
