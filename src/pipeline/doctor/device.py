"""The devices that TensorFlow can use."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context

from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.errors import ConfigError, DeviceError, listing, one_line
from pipeline.workspace import Workspace


@contextmanager
def check_in_background(workspace: Workspace) -> Iterator[Callable[[Workspace], Iterator[Finding]]]:
    """Check the devices in another process while the block runs.

    TensorFlow takes seconds to import, and aborts the process on machines that it is not built for.
    The check that is yielded waits for the findings of that process.
    """

    def wait(_: Workspace) -> Iterator[Finding]:
        try:
            yield from future.result()
        except BrokenProcessPool:
            remedy = "`python -c 'import tensorflow'` shows why; make setup"
            yield fail("devices", "TensorFlow aborted the process that imported it", remedy)

    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        future = executor.submit(devices, workspace)
        yield wait


def devices(workspace: Workspace) -> list[Finding]:
    """Check that the device in params.yaml exists."""
    from pipeline.graph import cuda
    from pipeline.graph import devices as graph_devices

    gpus = graph_devices.list_gpus()
    text = f"{os.cpu_count()} CPU cores, {listing(gpus) or 'no GPU' + cuda.why_no_gpu()}"
    try:
        from pipeline import config

        with suppress(ConfigError):  # the check `parameters` reports it
            graph_devices.choose_device(config.load(workspace).device)
    except DeviceError as error:
        return [fail("devices", one_line(error))]
    if not gpus and cuda.has_driver():
        return [warn("devices", text, "the CPU is used until this is fixed")]
    return [ok("devices", text)]
