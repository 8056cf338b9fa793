"""Transfer learning: a new head on a layer of a frozen graph."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from pipeline.data.prepared.dataset import FEATURES
from pipeline.errors import ArtifactError, ConfigError, nearest, one_line
from pipeline.graph.encoding import ENCODED_CODES, ENCODED_FEATURES
from pipeline.graph.layers import Codes, Training, activation, dense, flatten
from pipeline.graph.networks.registry import network
from pipeline.graph.variables import Variables
from pipeline.graphdef.reading import read_graph_def
from pipeline.schema.training.model import Transfer
from pipeline.workspace import Workspace

v1 = tf.compat.v1

INPUT = f"{FEATURES}:0"


@network("transfer", takes_codes=True)
def transfer(
    settings: Transfer,
    features: tf.Tensor,
    outputs: int,
    variables: Variables,
    training: Training,
    codes: Sequence[Codes],
) -> tf.Tensor:
    """A new head on a layer of a frozen graph; the graph itself is not trained."""
    columns = tf.stack([one.values for one in codes], axis=1) if codes else None
    layer = _import_layer(settings, flatten(features), columns, variables.workspace)
    values = flatten(tf.stop_gradient(layer))
    for number, width in enumerate(settings.hidden, start=1):
        values = dense(values, width, f"head_{number}", settings, variables)
        values = activation(values, "relu", f"head_{number}", variables)
    return dense(values, outputs, "output", settings, variables)


def _import_layer(
    settings: Transfer, features: tf.Tensor, codes: tf.Tensor | None, workspace: Workspace
) -> tf.Tensor:
    """Return the layer of the frozen graph, computed from `features`, `[rows, …]`, and codes.

    The graph is cut after its own encoding, which the data has taken over. A graph without one is
    fed raw features.
    """
    path, layer = settings.graph, settings.layer
    definition = _read_definition(settings, workspace)
    names = {node.name for node in definition.node}
    inputs = {f"{ENCODED_FEATURES if ENCODED_FEATURES in names else FEATURES}:0": features}
    if codes is not None:
        inputs[f"{ENCODED_CODES}:0"] = codes

    def import_graph(*values: tf.Tensor) -> tf.Tensor:
        # In a loop, rows come from outside: an operation brings them in, an import does not.
        fed = {name: tf.identity(value) for name, value in zip(inputs, values, strict=True)}
        return tf.import_graph_def(definition, fed, [layer], name="network/base")[0]

    try:
        if not tf.executing_eagerly():
            output = import_graph(*inputs.values())
        else:
            specs = [tf.TensorSpec([None, one.shape[1]], one.dtype) for one in inputs.values()]
            output = v1.wrap_function(import_graph, specs)(*inputs.values())
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
