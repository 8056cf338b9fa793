"""A third-party graph as a network: imported around this pipeline's variables, or run op by op."""

from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.python.eager.tape import variable_accessed
from tensorflow.python.framework.func_graph import FuncGraph

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.adopted.reading import INPUT, OUTPUT, AdoptedGraph, read_inference
from pipeline.graph.adopted.tensors import as_input, as_output, feed_value
from pipeline.graph.execution import body
from pipeline.graph.execution.eager import why_not_eager
from pipeline.graph.execution.interpreter import Interpreter
from pipeline.graph.execution.references import without_references
from pipeline.graph.execution.tensors import is_control, name_of, parse
from pipeline.graph.execution.variables import Variable
from pipeline.graph.execution.wrapped import without_grappler
from pipeline.graph.layers import Training
from pipeline.graph.tensors import UNREADABLE
from pipeline.graph.variables import SCOPE, Variables
from pipeline.schema.training.model import Graph

v1 = tf.compat.v1

Tensors = Mapping[str, tf.Tensor]
Held = Mapping[str, Any]  # variables, or their values, by node

# The reference draws other random numbers than the graphs, so that a prediction that depends on
# some does not pass for proven.
_SEED, _SEED_OF_REFERENCE = 1, 2


def compute_output(
    settings: Graph, features: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    """Compute the output of the graph that the settings name; nothing in it is random."""
    seed = _SEED_OF_REFERENCE if tf.executing_eagerly() else _SEED
    adopted = read_inference(settings, variables.workspace, seed)
    fed = {name_of(adopted.ends[INPUT]): as_input(features, adopted)}
    for name, value in settings.feeds.items():
        fed[name_of(adopted.ends[name])] = feed_value(name, value, adopted)
    held = {one.node: _create(one, adopted, variables) for one in adopted.variables}
    try:
        return as_output(_compute(adopted, fed, held, is_trained=training is not None), outputs)
    except UNREADABLE as error:
        raise ArtifactError(f"{adopted.path} cannot be used: {one_line(error)}") from None


def _compute(adopted: AdoptedGraph, fed: Tensors, held: Held, *, is_trained: bool) -> tf.Tensor:
    if not tf.executing_eagerly():
        return (_call if is_trained else _import)(adopted, fed, held)
    if not why_not_eager(adopted.graph):
        return _execute(adopted, fed, held)
    created = {name: tf.Variable(value, trainable=False) for name, value in held.items()}
    with without_grappler():
        return _call(adopted, fed, created)


def _create(variable: Variable, adopted: AdoptedGraph, variables: Variables) -> tf.Tensor:
    """Return a variable of this pipeline; its values come from the checkpoint of the graph."""
    if variable.shape is None or None in variable.shape:
        raise ArtifactError(
            f"{adopted.path}: variable {variable.node!r} has no fixed shape; model=graph needs one"
        )
    trainable = variable.node in adopted.trainable
    shape = [int(size) for size in variable.shape if size is not None]
    return variables(variable.node, shape, 0, trainable, variable.dtype)


def _import(adopted: AdoptedGraph, fed: Tensors, held: Held) -> tf.Tensor:
    """Import the graph into the default graph, around the tensors and variables."""
    resources = {one.node: one.is_resource for one in adopted.variables}
    around = {
        f"{node}:0": _capture(one.handle) if resources[node] else tf.convert_to_tensor(one)
        for node, one in held.items()
    }
    definition = _remove(without_references(adopted.graph), {parse(name)[0] for name in around})
    used = _names(definition)
    # In a loop, tensors come from outside: an operation brings them in, an import does not.
    around |= {name: tf.identity(value) for name, value in fed.items()}
    around = {name: value for name, value in around.items() if parse(name)[0] in used}
    output = name_of(adopted.ends[OUTPUT])
    if output in around:
        return around[output]
    return tf.import_graph_def(definition, around, [output], name=f"{SCOPE}/graph")[0]


def _capture(handle: tf.Tensor) -> tf.Tensor:
    """Return a handle from outside as a tensor of the default graph, if that is a function's."""
    graph = v1.get_default_graph()
    return graph.capture(handle) if isinstance(graph, FuncGraph) else handle


def _remove(definition: Any, names: Collection[str]) -> Any:
    """Remove nodes that tensors of this pipeline stand for, in place."""
    kept = [node for node in definition.node if node.name not in names]
    for node in kept:
        taken = [entry for entry in node.input if not (is_control(entry) and entry[1:] in names)]
        node.input[:] = taken
    left = GraphDef(versions=definition.versions, library=definition.library)
    left.node.extend(kept)
    return left


def _names(definition: Any) -> set[str]:
    """Return the nodes that others take something from."""
    return {parse(entry.removeprefix("^"))[0] for node in definition.node for entry in node.input}


def _call(adopted: AdoptedGraph, fed: Tensors, held: Held) -> tf.Tensor:
    """Call the graph as one function: a gradient tape sees what a function does, not an import."""
    resources = [one.node for one in adopted.variables if one.is_resource]
    for node in resources:
        variable_accessed(held[node])
    given = {name: tf.convert_to_tensor(one) for name, one in held.items() if name not in resources}
    values = [*fed.values(), *given.values()]

    def imported(*arguments: tf.Tensor) -> tf.Tensor:
        inputs = dict(zip(fed, arguments[: len(fed)], strict=True))
        variables = dict(zip(given, arguments[len(fed) :], strict=True))
        return _import(adopted, inputs, {**held, **variables})

    specs = [tf.TensorSpec(value.shape, value.dtype) for value in values]
    return v1.wrap_function(imported, specs)(*values)


def _execute(adopted: AdoptedGraph, fed: Tensors, held: Held) -> tf.Tensor:
    """Run the graph op by op."""
    definition = without_references(adopted.graph)
    names = {one.node: one.name for one in adopted.variables}
    values = {names[node]: value.numpy() for node, value in held.items()}
    interpreter = Interpreter(definition, values)
    places = [parse(name) for name in fed]
    steps = body.read_graph(definition, interpreter.functions, places, [adopted.ends[OUTPUT]])
    (result,) = interpreter.run(steps, list(fed.values()))
    return result
