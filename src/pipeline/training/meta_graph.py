"""Meta graphs whose bytes depend on the graph only, and not on what the process did before.

TensorFlow counts functions over the life of a process and orders them by a hash of their names.
Here functions keep the names that they have in the code, with `_1`, `_2`, … where several have the
same name, and are ordered by their first use.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import tensorflow as tf

_COUNTER = re.compile(r"_(\d+)(?=_|$)")  # as in while_body_80, cond_true_14_grad_36

# The name under which a process registers a gradient; it ends in a counter.
_GRADIENT_TYPE = "_gradient_op_type"


def export(graph: tf.Graph, saver: Any) -> bytes:
    """Return the meta graph that `Saver.save` writes, with canonical function names."""
    with graph.as_default():
        meta = saver.export_meta_graph()
    _name_functions(meta.graph_def)
    return bytes(meta.SerializeToString(deterministic=True))


def _name_functions(graph: Any) -> None:
    """Rename the functions of a GraphDef and order them by first use, in place."""
    functions = {function.signature.name: function for function in graph.library.function}
    ordered = _order_by_first_use(graph.node, functions)
    names = _choose_names([function.signature.name for function in ordered])
    _rename_calls(graph.node, names)
    for function in ordered:
        _rename_parts(function, names)
    for gradient in graph.library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
    for registered in graph.library.registered_gradients:
        registered.function_name = names.get(registered.function_name, registered.function_name)
    del graph.library.function[:]
    graph.library.function.extend(ordered)


def _order_by_first_use(nodes: Iterable[Any], functions: Mapping[str, Any]) -> list[Any]:
    """Return copies of the functions in the order in which nodes use them.

    A function comes before those that it uses itself. Functions that no node uses come last, in
    the order in which they were created.
    """
    found: dict[str, Any] = {}

    def visit(names: Iterable[str]) -> None:
        for name in names:
            if name in functions and name not in found:
                function = found[name] = type(functions[name])()
                function.CopyFrom(functions[name])
                visit(_list_used(function.node_def))
                visit(_list_names(function.attr))

    visit(_list_used(nodes))
    created = {name: [*map(int, _COUNTER.findall(name))] for name in functions}
    visit(sorted(functions, key=lambda name: (_strip_counters(name), created[name])))
    return list(found.values())


def _list_used(nodes: Iterable[Any]) -> Iterator[str]:
    for node in nodes:
        yield node.op
        yield from _list_names(node.attr)


def _list_names(attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yield what may be the name of a function in attributes, in their alphabetical order."""
    for _, value in sorted(attributes.items()):
        if value.WhichOneof("value") == "s":
            yield value.s.decode(errors="replace")
        for called in _list_called(value):
            yield called.name
            yield from _list_names(called.attr)


def _list_called(value: Any) -> list[Any]:
    return [value.func] if value.HasField("func") else list(value.list.func)


def _choose_names(names: Iterable[str]) -> dict[str, str]:
    """Return the new name of each function; none is the name of an operation of TensorFlow."""
    renamed: dict[str, str] = {}
    for name in names:
        new, count = _strip_counters(name), 0
        while new in renamed.values() or hasattr(tf.raw_ops, new):
            count += 1
            new = f"{_strip_counters(name)}_{count}"
        renamed[name] = new
    return renamed


def _strip_counters(name: str) -> str:
    return _COUNTER.sub("", name.removeprefix("__inference_"))


def _rename_calls(nodes: Iterable[Any], names: Mapping[str, str]) -> None:
    for node in nodes:
        node.op = names.get(node.op, node.op)
        _rename_attributes(node.attr, names)


def _rename_attributes(attributes: Mapping[str, Any], names: Mapping[str, str]) -> None:
    for key, value in attributes.items():
        if value.WhichOneof("value") == "s":
            text = value.s.decode(errors="replace")
            if text in names:
                value.s = names[text].encode()
            elif key == _GRADIENT_TYPE:
                value.s = re.sub(r"-\d+$", "", text).encode()
        for called in _list_called(value):
            called.name = names.get(called.name, called.name)
            _rename_attributes(called.attr, names)


def _rename_parts(function: Any, names: Mapping[str, str]) -> None:
    """Rename a function, what it calls, and its arguments that are named after a function."""
    lower = {name.lower(): new.lower() for name, new in names.items()}  # as in arguments
    known = {**lower, **names}
    longest_first = sorted(known, key=len, reverse=True)
    pattern = re.compile(rf"(?<![A-Za-z0-9_])({'|'.join(map(re.escape, longest_first))})(?!\d)")

    def renamed(text: str) -> str:
        return pattern.sub(lambda found: known[found[1]], text)

    signature = function.signature
    signature.name = names[signature.name]
    for argument in (*signature.input_arg, *signature.output_arg):
        argument.name = renamed(argument.name)
    signature.control_output[:] = [renamed(name) for name in signature.control_output]
    _rename_calls(function.node_def, names)
    for node in function.node_def:
        node.name = renamed(node.name)
        node.input[:] = [renamed(name) for name in node.input]
    _rename_attributes(function.attr, names)
    for attributes in function.arg_attr.values():
        _rename_attributes(attributes.attr, names)
    for returned in (function.ret, function.control_ret):
        changed = {renamed(key): renamed(value) for key, value in returned.items()}
        returned.clear()
        returned.update(changed)
