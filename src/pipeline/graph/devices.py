"""Devices and sessions: which one runs the graph, and where each operation really ran."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from pipeline.errors import DeviceError, TrainingError, listing
from pipeline.graph.cuda import why_no_gpu
from pipeline.settings.device import Device

v1 = tf.compat.v1

# Parts of the names of operations whose place decides where a training spends its time. Kernels of
# oneDNN and fused ones have names such as _MklNativeFusedMatMul.
COMPUTE = ("MatMul", "Conv2D", "VarHandleOp", "VariableV2")


def choose(settings: Device) -> tuple[str, str]:
    """Find the device that the configuration asks for.

    Returns:
        Its name in a graph, such as `/device:GPU:1`, and a sentence that says which and why.

    Raises:
        DeviceError: it is not there; the message says what was looked for and what was found.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for layer, place in settings.placement.items():
        if "GPU" in place and (
            settings.kind == "cpu" or int(place.rpartition(":")[2]) >= len(gpus)
        ):
            raise DeviceError(
                f"device.placement puts {layer} on {place}, and there is"
                + (" none with device=cpu" if settings.kind == "cpu" else f" none{why_no_gpu()}")
            )
    if settings.kind == "cpu":
        # Any number of logical CPUs can be had: `session_config` makes them.
        name = f"/device:CPU:{settings.index}"
        return name, f"{name} ({os.cpu_count()} cores)"
    if settings.kind == "auto" and not gpus:
        return "/device:CPU:0", f"/device:CPU:0, chosen by device=auto: no GPU{why_no_gpu()}"
    if settings.index >= len(gpus):
        raise DeviceError(
            f"GPU {settings.index} was looked for, and TensorFlow {tf.__version__} sees "
            + (listing(gpu.name for gpu in gpus) or f"no GPU{why_no_gpu()}")
            + "; choose device=cpu or device=auto, or mend what is missing"
        )
    name = f"/device:GPU:{settings.index}"
    chosen = ", chosen by device=auto" if settings.kind == "auto" else ""
    return name, f"{name} ({_model(gpus[settings.index])}){chosen}"


def gpus() -> list[str]:
    """Name the GPUs that TensorFlow sees, with their models."""
    found = tf.config.list_physical_devices("GPU")
    return [f"/device:GPU:{index} ({_model(gpu)})" for index, gpu in enumerate(found)]


def _model(gpu: Any) -> str:
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))


def open_session(graph: tf.Graph, settings: Device, device: str) -> Any:
    """Open a session for `graph` on `device`; use it in a `with` statement or close it."""
    return v1.Session(graph=graph, config=session_config(settings, device))


def session_config(settings: Device, device: str) -> Any:
    """Return the `ConfigProto` of a session on `device`."""
    config = v1.ConfigProto(
        allow_soft_placement=settings.soft_placement,
        log_device_placement=settings.log_device_placement,
        intra_op_parallelism_threads=settings.intra_op_threads,
        inter_op_parallelism_threads=settings.inter_op_threads,
    )
    config.gpu_options.allow_growth = settings.memory_growth
    if settings.memory_limit is not None:
        virtual = config.gpu_options.experimental.virtual_devices.add()
        virtual.memory_limit_mb.append(settings.memory_limit)
    if not settings.fused_kernels:
        config.graph_options.rewrite_options.remapping = RewriterConfig.OFF
    if "CPU" in device:
        config.device_count["GPU"] = 0
        config.device_count["CPU"] = _logical_cpus(settings)
    return config


@contextmanager
def enough_memory() -> Iterator[None]:
    """Turn a lack of memory into a message.

    Raises:
        TrainingError: the device has too little.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError:
        raise TrainingError(
            "the device has too little memory for the model or a step of it; give a smaller"
            " train.batch_size or a smaller model, or choose device=cpu"
        ) from None


def plain_session(graph: tf.Graph) -> Any:
    """Open a session on the CPU, which every machine has."""
    return v1.Session(graph=graph, config=v1.ConfigProto(device_count={"GPU": 0}))


def prepare_process(settings: Device, device: str) -> None:
    """Give eager execution the threads and devices of the sessions, before TensorFlow computes.

    What runs with the same threads and kernels can give the same bits.
    """
    tf.config.threading.set_intra_op_parallelism_threads(settings.intra_op_threads)
    tf.config.threading.set_inter_op_parallelism_threads(settings.inter_op_threads)
    tf.config.experimental.enable_op_determinism()
    if "GPU" in device:
        tf.config.experimental.enable_tensor_float_32_execution(False)  # ten bits of mantissa
        for gpu in tf.config.list_physical_devices("GPU"):
            if settings.memory_limit is None:
                tf.config.experimental.set_memory_growth(gpu, settings.memory_growth)
            else:
                limited = tf.config.LogicalDeviceConfiguration(memory_limit=settings.memory_limit)
                tf.config.set_logical_device_configuration(gpu, [limited])
        return
    tf.config.set_visible_devices([], "GPU")
    if _logical_cpus(settings) > 1:
        one = tf.config.LogicalDeviceConfiguration()
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [one] * _logical_cpus(settings))


def _logical_cpus(settings: Device) -> int:
    """Return how many CPUs the configuration names; TensorFlow makes any number of them."""
    places = [place for place in settings.placement.values() if "CPU" in place]
    chosen = settings.index if settings.kind == "cpu" else 0
    return 1 + max(chosen, *(int(place.rpartition(":")[2]) for place in places), 0)


def placement(partitions: Iterable[Any]) -> dict[str, dict[str, int]]:
    """Count operations by device and type, from the graphs that a session really ran.

    Returns:
        `{device: {operation type: count}}`, both in alphabetic order.
    """
    counts: dict[str, Counter[str]] = {}
    for partition in partitions:
        nodes = [*partition.node]
        for function in partition.library.function:
            nodes.extend(function.node_def)
        for node in nodes:
            if node.device:
                device = "/device:" + node.device.split("/device:")[-1]
                counts.setdefault(device, Counter())[node.op] += 1
    return {device: dict(sorted(counts[device].items())) for device in sorted(counts)}


def require_placement(counts: dict[str, dict[str, int]], device: str, others: set[str]) -> None:
    """Refuse a graph whose variables or matrix products ran elsewhere than on `device`.

    Args:
        others: devices that the configuration gives to single layers; each must be used.

    Raises:
        DeviceError: naming the operations and where they ran.
    """
    astray = {
        place: sorted(kind for kind in operations if any(part in kind for part in COMPUTE))
        for place, operations in counts.items()
        if place not in {device, *others}
    }
    where = "; ".join(f"{listing(kinds)} on {place}" for place, kinds in astray.items() if kinds)
    if where:
        raise DeviceError(f"{device} was chosen, but the session ran {where}")
    unused = sorted(others - set(counts))
    if unused:
        raise DeviceError(f"device.placement names {listing(unused)}, but nothing ran there")
