"""Transfer learning: a new head on a layer of a frozen graph."""

from typing import Any

import tensorflow as tf

from pipeline.data.prepared.dataset import FEATURES, TEXT
from pipeline.errors import ArtifactError, ConfigError, nearest, one_line
from pipeline.graph.layers import Training, activation, dense, flatten
from pipeline.graph.networks.registry import network
from pipeline.graph.protobuf import read_graph_def
from pipeline.graph.variables import Variables
from pipeline.schema.training.model import Transfer
from pipeline.workspace import Workspace

v1 = tf.compat.v1

INPUT = f"{FEATURES}:0"


@network("transfer", scales=True)
def transfer(
    settings: Transfer, features: tf.Tensor, outputs: int, variables: Variables, training: Training
) -> tf.Tensor:
    """A new head on a layer of a frozen graph; the graph itself is not trained."""
    layer = _import_layer(settings, flatten(features), variables.workspace)
    values = flatten(tf.stop_gradient(layer))
    for number, width in enumerate(settings.hidden, start=1):
        values = dense(values, width, f"head_{number}", settings, variables)
        values = activation(values, "relu", f"head_{number}", variables)
    return dense(values, outputs, "output", settings, variables)


def _import_layer(settings: Transfer, features: tf.Tensor, workspace: Workspace) -> tf.Tensor:
    """Return the layer of the frozen graph, computed from `features`, `[rows, …]`."""
    path, layer = settings.graph, settings.layer
    definition = _read_definition(settings, workspace)

    features = tf.cast(features, _input_dtype(settings, definition))

    def import_graph(values: tf.Tensor) -> tf.Tensor:
        return tf.import_graph_def(definition, {INPUT: values}, [layer], name="network/base")[0]

    try:
        if not tf.executing_eagerly():
            output = import_graph(features)
        else:
            signature = [tf.TensorSpec([None, features.shape[1]], features.dtype)]
            output = v1.wrap_function(import_graph, signature)(features)
    except ValueError as error:
        raise ConfigError(
            f"model.graph={path} does not take {features.shape[1]} features: {one_line(error)}"
        ) from None
    rows = output.shape[0] if output.shape.rank else None
    if output.shape.rank in (0, 1) or rows not in (None, features.shape[0]):
        raise ConfigError(
            f"model.layer={layer} has shape {output.shape}, and no row for each row of features;"
            " take the output of a layer"
        )
    return tf.cast(output, tf.float32)


def _input_dtype(settings: Transfer, definition: Any) -> tf.DType:
    """Return the dtype of the base's features.

    Raises:
        ConfigError: the base takes text, too.
    """
    nodes = {node.name: node for node in definition.node}
    if (text := nodes.get(TEXT)) is not None and text.op == "Placeholder":
        raise ConfigError(
            f"model.graph={settings.graph} takes text columns, and model=transfer takes numbers"
            " alone; choose a base that was trained on numbers"
        )
    return tf.as_dtype(nodes[FEATURES].attr["dtype"].type)


def _read_definition(settings: Transfer, workspace: Workspace) -> Any:
    try:
        definition = read_graph_def(workspace.path(settings.graph))
    except ArtifactError as error:
        raise ArtifactError(f"model.graph: {error}") from None
    names = {f"{node.name}:0" for node in definition.node}
    for wanted in (settings.layer, INPUT):
        if wanted not in names:
            raise ConfigError(
                f"model.layer: {settings.graph} has no tensor {wanted!r}{nearest(wanted, names)};"
                f" `pipeline inspect --ops {settings.graph}` lists them"
            )
    return definition
