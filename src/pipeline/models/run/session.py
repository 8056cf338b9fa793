"""A graph in a session: the runner of every form that has a graph."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

from pipeline.errors import ArtifactError, one_line
from pipeline.graph.runner import Arrays, Runner
from pipeline.graph.tensors import find_tensor
from pipeline.graphdef.interface import Interface

IN_THE_CALLERS_THREAD = -1  # of RunOptions.inter_op_thread_pool


class SessionRunner(Runner):
    """Feeds and fetches the tensors that an interface names; messages name the source.

    Raises:
        ArtifactError: the graph lacks one of the tensors, or has it with another dtype.
    """

    def __init__(self, session: Any, interface: Interface, source: Path) -> None:
        self.interface = interface
        self._session = session
        for spec in (*interface.inputs, *interface.outputs):
            dtype = find_tensor(session.graph, spec.tensor, source).dtype.base_dtype.name
            if dtype != spec.dtype:
                problem = f"{spec.tensor} is {dtype}, and {spec.dtype} is expected"
                raise ArtifactError(f"{source}: {problem}")
        self._inputs = [(s.name, tf.as_dtype(s.dtype).as_numpy_dtype) for s in interface.inputs]
        self._outputs = [spec.name for spec in interface.outputs]
        # `Session.make_callable` hands each call to a pool of threads and back, and prepares its
        # feeds and fetches in Python: for one row, both take ten times as long as the graph itself.
        # Kernels still use the session's threads for large inputs.
        sides = (interface.inputs, interface.outputs)
        feeds, fetches = ([spec.tensor for spec in side] for side in sides)
        options = config_pb2.CallableOptions(feed=feeds, fetch=fetches)
        options.run_options.inter_op_thread_pool = IN_THE_CALLERS_THREAD
        self._run = session._make_callable_from_options(options)

    def run(self, feeds: Arrays) -> dict[str, np.ndarray]:
        """Compute all outputs from all inputs, as `Runner.run` says."""
        self.require_inputs(feeds)
        try:
            found = self._run(*(np.asarray(feeds[name], dtype) for name, dtype in self._inputs))
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise ArtifactError(f"the model cannot be run: {one_line(error)}") from None
        return dict(zip(self._outputs, found, strict=True))

    def close(self) -> None:
        """Close the session."""
        self._session.close()
