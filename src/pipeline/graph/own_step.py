"""The graph of a fed batch: a third-party loss, and a step by its operation or an optimizer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.python.framework import meta_graph

from pipeline.errors import ArtifactError, ConfigError, listing, one_line
from pipeline.graph import inference
from pipeline.graph.adopted import reading
from pipeline.graph.adopted.declarations import keep_only
from pipeline.graph.adopted.reading import AdoptedGraph, read_step
from pipeline.graph.adopted.tensors import (
    as_input,
    as_label,
    as_output,
    declared_rows,
    feed_value,
)
from pipeline.graph.encoding import ENCODED_FEATURES, encode_label
from pipeline.graph.execution import roles
from pipeline.graph.execution.pruning import by_name, find_needed
from pipeline.graph.execution.tensors import name_of, parse
from pipeline.graph.execution.variables import shared_name
from pipeline.graph.inference import LABEL, PREDICTION, InferenceSpec, Placeholders
from pipeline.graph.losses import weight_penalty
from pipeline.graph.optimizers import clip_gradients, compute_learning_rate, create_optimizer
from pipeline.graph.tensors import UNREADABLE
from pipeline.graph.variables import SCOPE
from pipeline.graphdef.operations import judge
from pipeline.schema.training import TrainSettings
from pipeline.schema.training.model import Graph
from pipeline.workspace import Workspace

v1 = tf.compat.v1

_LOSS = "loss"  # the name that a fed loss has in every training graph
_COLLECTIONS = ("variables", "trainable_variables")


@dataclass(frozen=True)
class OwnStep:
    """The graph of a batch that is fed, of a network with a loss of its own.

    Attributes:
        features, label: float32, encoded; they are fed.
        loss: of the batch, before the step.
        update: takes the step, and counts it.
        feeds: what else is fed in a step, by the names of tensors.
        random: operations that draw random numbers, whose state no checkpoint holds.
        rows: the only number of rows that the graph declares to take, if it does.
    """

    features: tf.Tensor
    label: tf.Tensor
    loss: tf.Tensor
    update: tf.Operation
    feeds: Mapping[str, Any]
    random: tuple[str, ...]
    rows: int | None = None


def add(settings: TrainSettings, workspace: Workspace, model: InferenceSpec) -> OwnStep | None:
    """Add the graph to the default graph, if the settings name its loss.

    It has `features:0`, `label:0`, `prediction:0` and `loss:0`, as every training graph.

    Raises:
        ArtifactError: the graph cannot be used.
        ConfigError: tensors do not fit the data.
    """
    network = settings.model
    if not isinstance(network, Graph) or network.loss is None:
        return None
    adopted = read_step(network, workspace, settings.seed)
    features, text = Placeholders.add(model)
    numbers = tf.identity(inference.encode(model, features, text).numbers, ENCODED_FEATURES)
    targets = len(model.encoding.scaling.label_mean)
    label = v1.placeholder(model.label_dtype, [None, targets], LABEL)
    scaled = encode_label(label, model.encoding)
    classes = model.outputs if model.outputs != targets else 0
    fed = {
        reading.INPUT: as_input(numbers, adopted),
        reading.LABEL: as_label(scaled, adopted, classes),
    }
    defaults = {name: feed_value(name, value, adopted) for name, value in network.feeds.items()}
    given = {name: v1.placeholder_with_default(one, one.shape) for name, one in defaults.items()}
    output, loss, train_op = _import(adopted, {**fed, **given})
    output = as_output(output, model.outputs)
    tf.identity(inference.compute_prediction(model, output), PREDICTION)
    loss = tf.identity(_as_number(loss, adopted), _LOSS)
    done = v1.train.get_or_create_global_step()
    if train_op is None:
        loss += weight_penalty(settings.train, v1.trainable_variables())
        update = _minimize(settings, loss, done.read_value())
    else:
        update = train_op
    with tf.control_dependencies([update]):
        counted = done.assign_add(1).op
    training = {
        given[name].name: np.full(given[name].shape, value)
        for name, value in network.training_feeds.items()
    }
    return OwnStep(numbers, scaled, loss, counted, training, adopted.random, declared_rows(adopted))


def _import(
    adopted: AdoptedGraph, fed: Mapping[str, tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor, tf.Operation | None]:
    """Import the graph with its own variables, called `network/…`.

    Returns its output, its loss, and its operation that takes a step.
    """
    meta, used = _package(adopted), _list_used(adopted)
    around = {name_of(adopted.ends[key]): value for key, value in fed.items()}
    graph = tf.compat.v1.get_default_graph()
    try:
        meta_graph.import_scoped_meta_graph(
            meta, import_scope=SCOPE,
            input_map={name: value for name, value in around.items() if parse(name)[0] in used},
        )  # fmt: skip
    except UNREADABLE as error:
        raise ArtifactError(f"{adopted.path} cannot be used: {one_line(error)}") from None

    def find(key: str) -> tf.Tensor:
        name = name_of(adopted.ends[key])
        return around.get(name, graph.get_tensor_by_name(f"{SCOPE}/{name}"))

    train_op = adopted.train_op
    operation = graph.get_operation_by_name(f"{SCOPE}/{train_op}") if train_op else None
    return find(reading.OUTPUT), find(reading.LOSS), operation


def _package(adopted: AdoptedGraph) -> Any:
    """Return the meta graph to import, in which the loss is computed before anything is written."""
    nodes = [one.node for one in adopted.variables]
    if unknown := [node for node in nodes if node not in adopted.declared]:
        raise ArtifactError(
            f"{adopted.path} does not tell how to save {listing(unknown)}: no collection has them"
        )
    meta = MetaGraphDef(graph_def=adopted.graph)
    loss = adopted.ends[reading.LOSS][0]
    nodes_by_name = by_name(adopted.graph)
    stepped = find_needed(nodes_by_name, [adopted.train_op] if adopted.train_op else [])
    after = stepped.keys() - find_needed(nodes_by_name, [loss]).keys()
    for node in meta.graph_def.node:
        if node.name in after and judge(node.op).writes:
            node.input.append(f"^{loss}")
        if node.op in roles.VARIABLES:  # in a session, names are shared with our own variables
            node.attr["shared_name"].s = f"{SCOPE}/{shared_name(node)}".encode()
    chosen = [nodes, [node for node in nodes if node in adopted.trainable]]
    for key, names in zip(_COLLECTIONS, chosen, strict=True):
        meta.collection_def[key].bytes_list.value.extend(keep_only(adopted.declared, names))
    return meta


def _list_used(adopted: AdoptedGraph) -> set[str]:
    entries = (entry for node in adopted.graph.node for entry in node.input)
    return {parse(entry.removeprefix("^"))[0] for entry in entries}


def _as_number(loss: tf.Tensor, adopted: AdoptedGraph) -> tf.Tensor:
    if loss.shape.rank not in (None, 0):
        name = name_of(adopted.ends[reading.LOSS])
        raise ConfigError(
            f"model.loss: {name} has shape {loss.shape}, not that of one number; name the mean of"
            " it"
        )
    return tf.cast(tf.reshape(loss, []), tf.float32)


def _minimize(settings: TrainSettings, loss: tf.Tensor, done: tf.Tensor) -> tf.Operation:
    """Add a step of the configured optimizer on all trainable variables that the loss needs."""
    trainable = v1.trainable_variables()
    pairs = zip(tf.gradients(loss, trainable), trainable, strict=True)
    found = [(tf.convert_to_tensor(one), variable) for one, variable in pairs if one is not None]
    if not found:
        raise ConfigError("model.loss depends on no trainable variable; name another loss")
    gradients = clip_gradients(settings.train.clipping, [gradient for gradient, _ in found])
    rate = compute_learning_rate(settings.optimizer, settings.schedule, done)
    with tf.control_dependencies([done, loss]):
        optimizer = create_optimizer(settings.optimizer, rate)
        return optimizer.apply_gradients(
            zip(gradients, (variable for _, variable in found), strict=True)
        )
