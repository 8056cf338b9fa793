"""The graph in a session on the CPU, without Grappler, which changes sound models."""

from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.execution.arrays import as_bytes
from pipeline.graph.execution.program import Program
from pipeline.graph.execution.variables import Variable, find_variables
from pipeline.graph.runner import Arrays, Runner
from pipeline.graph.tensors import UNREADABLE
from pipeline.graphdef.interface import Interface
from pipeline.models.run.session import SessionRunner

v1 = tf.compat.v1


class PlainSession(Runner):
    """Runs a program in a session of its own, with its own variables and tables."""

    def __init__(self, program: Program) -> None:
        self.interface = program.interface
        self._session = open_session(program.imported)
        try:
            _initialize(self._session, program)
            self._fetched = _fetched(program.interface)
            if self._fetched.outputs:
                self._runner = SessionRunner(self._session, self._fetched, program.source)
        except (ArtifactError, *UNREADABLE) as error:
            self._session.close()
            raise ArtifactError(f"{program.source} cannot be run: {one_line(error)}") from None

    def run(self, feeds: Arrays) -> dict[str, np.ndarray]:
        """Compute all outputs from all inputs, as `Runner.run` says."""
        self.require_inputs(feeds)
        known = {spec.tensor: feeds[spec.name] for spec in self.interface.inputs}
        if self._fetched.outputs:
            fed = {spec.name: known[spec.tensor] for spec in self._fetched.inputs}
            found = self._runner.run(fed)
            known |= {spec.tensor: found[spec.name] for spec in self._fetched.outputs}
        return {
            spec.name: as_bytes(known[spec.tensor], spec.dtype) for spec in self.interface.outputs
        }

    def close(self) -> None:
        """Close the session."""
        self._session.close()


def open_session(graph: tf.Graph) -> Any:
    """Open a session on the CPU that runs a graph as it is written."""
    config = v1.ConfigProto(device_count={"GPU": 0})
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return v1.Session(graph=graph, config=config)


def _initialize(session: Any, program: Program) -> None:
    """Give all variables their values, then fill the tables."""
    graph = session.graph
    with graph.as_default():
        for variable in find_variables(program.definition):
            if variable.name in program.values:
                value = v1.placeholder(variable.dtype)
                assigned = _assign(graph.get_tensor_by_name(f"{variable.node}:0"), value, variable)
                session.run(assigned, {value: program.values[variable.name]})
        for node, (keys, values) in program.tables.items():
            table = graph.get_tensor_by_name(f"{node}:0")
            fed = [v1.placeholder(tf.as_dtype(array.dtype)) for array in (keys, values)]
            session.run(_fill(table, *fed), dict(zip(fed, (keys, values), strict=True)))
    for name in program.initializers:
        session.run(graph.get_operation_by_name(name), dict(program.assets))


def _assign(handle: tf.Tensor, value: tf.Tensor, variable: Variable) -> Any:
    if variable.is_resource:
        return tf.raw_ops.AssignVariableOp(resource=handle, value=value)
    return tf.raw_ops.Assign(ref=handle, value=value, validate_shape=False).op


def _fill(table: tf.Tensor, keys: tf.Tensor, values: tf.Tensor) -> Any:
    if table.dtype == tf.resource:
        return tf.raw_ops.LookupTableImportV2(table_handle=table, keys=keys, values=values)
    return tf.raw_ops.LookupTableImport(table_handle=table, keys=keys, values=values)


def _fetched(interface: Interface) -> Interface:
    """Return what is fed and fetched: each tensor once, and none both ways."""
    inputs = {spec.tensor: spec for spec in interface.inputs}
    outputs = {spec.tensor: spec for spec in interface.outputs if spec.tensor not in inputs}
    return Interface(tuple(inputs.values()), tuple(outputs.values()))
