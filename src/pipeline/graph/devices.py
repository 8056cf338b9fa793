"""Devices, sessions, and what TensorFlow sets once for a process."""

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig
from tensorflow.python.framework import config as framework
from tensorflow.python.util._pywrap_util_port import IsMklEnabled

from pipeline.errors import DeviceError, TrainingError, listing
from pipeline.graph.cuda import why_no_gpu
from pipeline.schema.training.device import Arithmetic, Device
from pipeline.workspace import files

v1 = tf.compat.v1

_log = logging.getLogger(__name__)

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"  # read by TensorFlow when it is imported

_REFUSALS = r"; (No space left|File too large|Disk quota|Read-only|Permission denied)[^\n]*"

# The `device` section that this process was configured for.
_configured: Device | None = None


def choose_device(settings: Device) -> tuple[str, str]:
    """Find the device that the configuration asks for.

    Returns its name in a graph, such as `/device:GPU:1`, and a sentence that says which and why.

    Raises:
        DeviceError: it does not exist; the message says what was looked for and what was found.
    """
    gpus = list_gpus()
    for layer, device in settings.placement.items():
        if "GPU" in device and (settings.kind == "cpu" or _index(device) >= len(gpus)):
            why = " with device=cpu" if settings.kind == "cpu" else why_no_gpu()
            raise DeviceError(f"device.placement puts {layer} on {device}, and there is none{why}")
    if settings.kind == "cpu":
        # There can be any number of logical CPUs: `session_config` creates them.
        name = f"/device:CPU:{settings.index}"
        return name, f"{name} ({os.cpu_count()} cores)"
    if settings.kind == "auto" and not gpus:
        return "/device:CPU:0", f"/device:CPU:0, chosen by device=auto: no GPU{why_no_gpu()}"
    if settings.index >= len(gpus):
        raise DeviceError(
            f"GPU {settings.index} was looked for, and TensorFlow {tf.__version__} sees "
            + (listing(gpus) or f"no GPU{why_no_gpu()}")
            + "; choose device=cpu or device=auto, or install what is missing"
        )
    reason = ", chosen by device=auto" if settings.kind == "auto" else ""
    return f"/device:GPU:{settings.index}", gpus[settings.index] + reason


def list_gpus() -> list[str]:
    """Return the names of the GPUs that TensorFlow sees, with their models."""
    gpus = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    models = (details.get("device_name", "GPU") for details in gpus)
    return [f"/device:GPU:{index} ({model})" for index, model in enumerate(models)]


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
        config.device_count["CPU"] = _count_logical_cpus(settings)
    return config


@contextmanager
def explain_lack_of_memory() -> Iterator[None]:
    """Replace TensorFlow's error about a lack of memory by a `TrainingError`."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, tf.errors.InvalidArgumentError) as error:
        is_too_large = "Cannot parse tensor from proto" in error.message  # of all zeros
        if isinstance(error, tf.errors.InvalidArgumentError) and not is_too_large:
            raise
        raise TrainingError(
            "the device has too little memory for the model or a step of it; give a smaller"
            " train.batch_size or a smaller model, or choose device=cpu"
        ) from None


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Replace TensorFlow's error by a `PipelineError` with the target and the free space."""
    with files.writing(target):
        try:
            yield
        except tf.errors.OpError as error:
            refused = re.search(_REFUSALS, error.message)
            if refused is None:
                raise
            raise files.unwritable(target, refused[0].removeprefix("; ")) from None


def plain_session(graph: tf.Graph) -> Any:
    """Open a session on the CPU, which exists on every machine."""
    return v1.Session(graph=graph, config=v1.ConfigProto(device_count={"GPU": 0}))


def configure_process(settings: Device, device: str) -> None:
    """Apply what TensorFlow sets once for a process: threads, determinism, visible devices.

    Eager execution gets the threads and devices of the sessions: what runs with the same threads
    and kernels can give the same bits. A second call with the same settings does nothing.

    Raises:
        DeviceError: the process was configured for another `device` section, TensorFlow was
            imported with another choice of oneDNN, or has computed with other threads or devices.
    """
    global _configured
    if settings == _configured:
        return
    if _configured is not None:
        before, now = _configured.model_dump(), settings.model_dump()
        raise DeviceError(
            "this process was configured for another `device` section, and TensorFlow cannot change"
            f" {listing(f'device.{key}' for key in now if now[key] != before[key])} once it has"
            " computed; use a new process for each `device` section"
        )
    _require_onednn(settings.onednn)
    try:
        tf.config.threading.set_intra_op_parallelism_threads(settings.intra_op_threads)
        tf.config.threading.set_inter_op_parallelism_threads(settings.inter_op_threads)
        tf.config.experimental.enable_op_determinism()
        _configure_devices(settings, device)
    except RuntimeError as error:
        raise DeviceError(
            f"TensorFlow has computed in this process before it was configured ({error}); use a new"
            " process"
        ) from None
    _configured = settings


def open_session_as_proven(arithmetic: Arithmetic) -> Callable[[tf.Graph], Any]:
    """Return a function that opens sessions with the arithmetic that a model was proven with.

    Where this machine has no GPU, the sessions of a model that was proven on one are on the CPU.

    Raises:
        DeviceError: TensorFlow was imported with another choice of oneDNN, or has computed with
            other threads.
    """
    settings = arithmetic.settings()
    if arithmetic.device == "gpu" and not list_gpus():
        _log.warning(
            "the model was proven on a GPU and runs on the CPU, whose last bits differ%s",
            why_no_gpu(),
        )
        settings = settings.model_copy(update={"kind": "cpu"})
    device, _ = choose_device(settings)
    _require_onednn(settings.onednn)
    threads = tf.config.threading
    try:
        # 0 is the default, which TensorFlow takes for another choice once it has computed.
        if (threads.get_intra_op_parallelism_threads() or 0) != settings.intra_op_threads:
            threads.set_intra_op_parallelism_threads(settings.intra_op_threads)
        if (threads.get_inter_op_parallelism_threads() or 0) != settings.inter_op_threads:
            threads.set_inter_op_parallelism_threads(settings.inter_op_threads)
    except RuntimeError:
        raise DeviceError(
            "TensorFlow has computed in this process with other threads than the model was proven"
            f" with ({settings.intra_op_threads} in an operation, {settings.inter_op_threads}"
            " operations); use a new process"
        ) from None
    if "GPU" in device:
        tf.config.experimental.enable_op_determinism()
        tf.config.experimental.enable_tensor_float_32_execution(arithmetic.tensor_float_32)
    return partial(open_session, settings=settings, device=device)


def _require_onednn(onednn: bool) -> None:
    # A build without oneDNN computes the same with either value.
    is_without = onednn and os.environ.get(ONEDNN) == "1"
    if onednn != IsMklEnabled() and not is_without:
        raise DeviceError(
            f"device.onednn={str(onednn).lower()} was configured after TensorFlow was imported with"
            f" another choice; set {ONEDNN}={int(onednn)} in the environment before this process"
            " starts"
        )


@contextmanager
def without_op_determinism() -> Iterator[None]:
    """Let TensorFlow build graphs as in a process that is not configured.

    With determinism it builds cross entropies from other operations.
    """
    was_enabled = framework.is_op_determinism_enabled()
    framework.disable_op_determinism()
    try:
        yield
    finally:
        if was_enabled:
            framework.enable_op_determinism()


def _configure_devices(settings: Device, device: str) -> None:
    if "GPU" not in device:
        tf.config.set_visible_devices([], "GPU")
        if (count := _count_logical_cpus(settings)) > 1:
            cpu = tf.config.list_physical_devices("CPU")[0]
            logical = [tf.config.LogicalDeviceConfiguration()] * count
            tf.config.set_logical_device_configuration(cpu, logical)
        return
    tf.config.experimental.enable_tensor_float_32_execution(settings.tf32)
    for gpu in tf.config.list_physical_devices("GPU"):
        if settings.memory_limit is None:
            tf.config.experimental.set_memory_growth(gpu, settings.memory_growth)
        else:
            limited = tf.config.LogicalDeviceConfiguration(memory_limit=settings.memory_limit)
            tf.config.set_logical_device_configuration(gpu, [limited])


def _count_logical_cpus(settings: Device) -> int:
    """Return the number of logical CPUs that the configuration names; TensorFlow creates them."""
    indexes = [_index(device) for device in settings.placement.values() if "CPU" in device]
    return 1 + max(settings.index if settings.kind == "cpu" else 0, *indexes, 0)


def _index(device: str) -> int:
    return int(device.rpartition(":")[2])
