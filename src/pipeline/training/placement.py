"""Where operations really ran; a training that ran on another device than chosen is refused."""

import logging
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

from pipeline.errors import DeviceError, listing
from pipeline.training.graph import TrainedGraph
from pipeline.training.job import TrainingJob
from pipeline.training.loop import Call
from pipeline.training.observer import Observer, State, Turn, observer
from pipeline.workspace import files

_log = logging.getLogger(__name__)

# Parts of the types of operations whose device decides where a training spends its time. Kernels of
# oneDNN and fused kernels have names such as _MklNativeFusedMatMul.
COMPUTE = ("MatMul", "Conv2D", "VarHandleOp", "VariableV2")


@observer(Turn.CHECK)
class Placement(Observer):
    """Writes placement.json after the first call of the loop."""

    def __init__(self, job: TrainingJob, _: TrainedGraph) -> None:
        self._job = job

    def begin(self, state: State) -> None:
        """Count nothing where no step is taken."""
        if not state.steps:
            self._write({})

    def after(self, state: State, call: Call) -> None:
        """Count the operations by device.

        Raises:
            DeviceError: variables or matrix products ran elsewhere than on the chosen device.
        """
        if not call.partitions:
            return
        settings, device = self._job.settings, self._job.device
        counts = count_operations(call.partitions)
        summary = ", ".join(f"{sum(types.values())} on {name}" for name, types in counts.items())
        _log.info("operations placed: %s", summary)
        require_placement(counts, device, set(settings.device.placement.values()))
        self._write(counts)

    def _write(self, counts: dict[str, dict[str, int]]) -> None:
        settings, device = self._job.settings, self._job.device
        content = {"device": device, "xla": settings.train.xla, "operations": counts}
        files.write_json(self._job.placement, content)


def count_operations(partitions: Iterable[Any]) -> dict[str, dict[str, int]]:
    """Count operations by device and type, in alphabetical order, of what a session really ran."""
    counts: dict[str, Counter[str]] = {}
    for partition in partitions:
        parts = (partition.node, *(one.node_def for one in partition.library.function))
        for node in chain.from_iterable(parts):
            if node.device:
                device = "/device:" + node.device.split("/device:")[-1]
                counts.setdefault(device, Counter())[node.op] += 1
    return {device: dict(sorted(counts[device].items())) for device in sorted(counts)}


def require_placement(counts: dict[str, dict[str, int]], device: str, others: set[str]) -> None:
    """Refuse a graph whose variables or matrix products ran elsewhere than on `device`.

    The configuration gives devices to single layers, the `others`; each must be used.

    Raises:
        DeviceError: the message names the operations and where they ran.
    """
    elsewhere = {
        name: sorted(kind for kind in types if any(part in kind for part in COMPUTE))
        for name, types in counts.items()
        if name not in {device, *others}
    }
    where = "; ".join(f"{listing(kinds)} on {name}" for name, kinds in elsewhere.items() if kinds)
    if where:
        raise DeviceError(f"{device} was chosen, but the session ran {where}")
    unused = sorted(others - set(counts))
    if unused:
        raise DeviceError(f"device.placement names {listing(unused)}, but nothing ran there")
