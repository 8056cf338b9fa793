"""The values that variables of an adopted graph have in its checkpoint."""

import numpy as np

from pipeline.errors import ArtifactError, listing
from pipeline.graph.adopted.reading import AdoptedGraph, find_files, read_inference, read_step
from pipeline.graph.execution.slots import find_slots
from pipeline.graph.execution.stored import StoredValues
from pipeline.graph.execution.tensors import parse
from pipeline.graph.variables import SCOPE
from pipeline.graphdef.reading import read_meta_graph
from pipeline.schema.training.model import Graph
from pipeline.workspace import Workspace


def read_values(settings: Graph, workspace: Workspace) -> dict[str, np.ndarray]:
    """Return the values by the names that the variables have here, `network/…`.

    Of a graph with a loss, variables without a value are initialized by the graph itself.

    Raises:
        ArtifactError: a value is missing that nothing initializes, or has another shape.
    """
    if settings.loss is not None:
        return _read(read_step(settings, workspace, 0), settings, workspace)
    adopted = read_inference(settings, workspace)
    values = _read(adopted, settings, workspace)
    missing = [one.node for one in adopted.variables if f"{SCOPE}/{one.node}" not in values]
    if missing:
        raise ArtifactError(
            f"model.graph={settings.graph} has no values of {listing(missing)}; give a checkpoint"
            " that has them, or name model.label and model.loss: then the graph initializes them"
        )
    return values


def _read(adopted: AdoptedGraph, settings: Graph, workspace: Workspace) -> dict[str, np.ndarray]:
    files = find_files(settings, workspace)
    if files.prefix is None or files.file is None:
        return {}
    meta = read_meta_graph(files.file)
    stored = StoredValues(files.prefix)
    named = stored.named()
    slots = find_slots(meta.graph_def, parse(meta.saver_def.restore_op_name)[0]).variables
    values = {}
    for variable in adopted.variables:
        slot = slots.get(variable.node) or named.get(variable.name)
        if slot is None or slot.key not in stored.shapes:
            continue
        shape = stored.shape(slot)
        if variable.shape is not None and variable.shape != tuple(shape):
            raise ArtifactError(
                f"{files.prefix}: {variable.name} has shape {shape}, and the graph needs"
                f" {variable.shape}"
            )
        values[f"{SCOPE}/{variable.node}"] = stored.read(slot)
    return values
