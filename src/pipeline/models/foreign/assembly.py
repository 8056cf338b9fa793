"""From a graph and what its file says of it to a loaded model: where all graphs end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pipeline.graphdef.examine import refuse
from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.scan import find_refused
from pipeline.graphdef.structure import Body
from pipeline.models.foreign.constants import read_constants, read_files
from pipeline.models.foreign.cutting import cut_at_inputs
from pipeline.models.foreign.eager import EagerRunner, why_not_eager
from pipeline.models.foreign.importing import describe, import_graph
from pipeline.models.foreign.initializers import find_empty_tables, find_filled, find_initializers
from pipeline.models.foreign.loaded import Choice, Loaded, Reference
from pipeline.models.foreign.matching import Matched, match, with_averages
from pipeline.models.foreign.program import Program, Table
from pipeline.models.foreign.pruning import prune
from pipeline.models.foreign.session import PlainSession
from pipeline.models.foreign.signature import Ends, choose_ends
from pipeline.models.foreign.slots import Slots, find_slots
from pipeline.models.foreign.stored import StoredValues
from pipeline.models.foreign.tensors import parse
from pipeline.models.foreign.variables import find_variables, rename_variables
from pipeline.models.foreign.wrapped import WrappedRunner


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
    begin = find_initializers(graph, prune(graph, nodes), source.initializers, slots.variables)
    pruned = prune(graph, [*nodes, *begin])
    _require_harmless(pruned, source, choice)
    matched = _match(source, pruned, find_filled(pruned, begin), slots, choice)
    imported = import_graph(pruned, path)
    names = {node.name for node in pruned.node}
    tables = {name: table for name, table in matched.tables.items() if name in names}
    assets = {name: file for name, file in source.assets.items() if parse(name)[0] in names}
    program = Program(
        source=path,
        definition=pruned,
        imported=imported,
        interface=describe(imported, ends, path),
        values=matched.values,
        tables=tables,
        initializers=begin,
        assets=assets,
    )
    return Loaded(
        files=source.files,
        interface=program.interface,
        graph=pruned,
        values=_constants(pruned, tables, assets.values()) | matched.values,
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


def _constants(
    pruned: Any, tables: Mapping[str, Table], assets: Iterable[str]
) -> dict[str, np.ndarray]:
    """Return all that a graph computes with besides its variables."""
    keys = {f"{node}/keys": pair[0] for node, pair in tables.items()}
    values = {f"{node}/values": pair[1] for node, pair in tables.items()}
    return read_constants(pruned) | read_files(assets) | keys | values


def open_reference(program: Program) -> Reference:
    """Open a program op by op where that is possible, else under `wrap_function`."""
    why = why_not_eager(program.definition)
    return WrappedRunner(program, why) if why else EagerRunner(program)


def _nodes(ends: Ends) -> Iterable[str]:
    return dict.fromkeys(name for side in (ends.outputs, ends.inputs) for name, _ in side.values())
