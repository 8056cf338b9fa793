"""Which outputs the forms of a model have in common, where graphs do not say them.

A graph does not say which of its tensors are outputs; a signature does.
"""

import re
from collections.abc import Sequence
from typing import Any

from pipeline.foreign.loading import Loaded
from pipeline.graph.execution.pruning import by_name, find_needed
from pipeline.graph.execution.tensors import parse
from pipeline.graphdef.locate import Kind, ModelFiles
from pipeline.graphdef.reading import read_graph_def, read_meta_graph

WITHOUT_SIGNATURE = (Kind.GRAPH, Kind.META, Kind.CHECKPOINT)

# Operations that only pass on what they take.
_PASSES = ("Identity", "IdentityN", "StopGradient")

# The name that TensorFlow gives to an operation that has none.
_UNNAMED = re.compile(r"(?:.*/)?(\w+?)(?:_\d+)?")


def find_common_outputs(forms: Sequence[Loaded], reference: Loaded | None) -> tuple[str, ...]:
    """Return the tensors that are the outputs of all forms, as far as they have them.

    They are those of a signature; without any, those of a frozen graph, which has no training in
    it, or those of the first form. What the reference's graph ends in besides counts, too: other
    forms miss it.
    """
    loaded = [form for form in forms if form.interface.outputs]
    signed = [form for form in loaded if form.files.kind is Kind.SAVED_MODEL]
    graphs = [form for form in loaded if form.files.kind is Kind.GRAPH]
    frozen = [form for form in graphs if not form.variables and not form.missing]
    guide = next(iter([*signed, *frozen, *loaded]), None)
    if guide is None:
        return ()
    wanted = tensors_of(guide)
    if reference is None or reference is guide or reference.files.kind not in WITHOUT_SIGNATURE:
        return wanted
    return (*wanted, *_find_more(reference, guide))


def find_left_out(form: Loaded | None, reference: Loaded | None) -> tuple[str, ...]:
    """Return what a graph without a signature gives beside outputs of a SavedModel's signature.

    They are results of the same nodes, such as the values of a `TopKV2` of which the signature
    names the indices. Nobody says whether they are meant.
    """
    if form is None or reference is None or form.files.kind is not Kind.SAVED_MODEL:
        return ()
    if reference.files.kind not in WITHOUT_SIGNATURE:
        return ()
    known = tensors_of(form)
    nodes = {parse(tensor)[0] for tensor in known}
    others = (tensor for tensor in tensors_of(reference) if tensor not in known)
    return tuple(tensor for tensor in others if parse(tensor)[0] in nodes)


def tensors_of(loaded: Loaded) -> tuple[str, ...]:
    """Return the names of the tensors of the outputs."""
    return tuple(spec.tensor for spec in loaded.interface.outputs)


def _find_more(reference: Loaded, guide: Loaded) -> list[str]:
    """Return outputs of a graph that are none of the guide's, and need no other inputs than these.

    A loss or an accuracy needs labels; what only gradients or summaries take is no output either.
    """
    nodes = by_name(reference.graph)
    known = {parse(tensor)[0] for tensor in tensors_of(guide)}
    fed, own = ({parse(spec.tensor)[0] for spec in one.interface.inputs}
                for one in (guide, reference))  # fmt: skip
    if not known <= nodes.keys():
        return []
    more = [tensor for tensor in tensors_of(reference) if parse(tensor)[0] not in known]
    more = [one for one in more if not (own - fed) & find_needed(nodes, [parse(one)[0]]).keys()]
    graph = _read(reference.files) if more else reference.graph
    taken = {parse(entry.removeprefix("^"))[0] for node in graph.node for entry in node.input}
    return [one for one in more if _is_meant(nodes[parse(one)[0]], taken)]


def _is_meant(node: Any, taken: set[str]) -> bool:
    """Tell whether a node at an end is there to be an output: nobody named what only passes on."""
    name = _UNNAMED.fullmatch(node.name)
    is_unnamed = name is not None and name[1] == node.op
    return node.name not in taken and not (node.op in _PASSES and is_unnamed)


def _read(files: ModelFiles) -> Any:
    file = files.file or files.path
    return read_graph_def(file) if files.kind is Kind.GRAPH else read_meta_graph(file).graph_def
