"""What TensorFlow can compute on."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

from pipeline import files
from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.errors import ConfigError, DeviceError, listing, one_line

if TYPE_CHECKING:
    from pipeline.settings.device import Device


@contextmanager
def meanwhile() -> Iterator[Callable[[], Iterator[Finding]]]:
    """Let another process look at the devices while the block runs.

    TensorFlow takes seconds to import, and ends a process whose machine it is not built for.

    Yields:
        The check, which waits for what that process finds.
    """

    def devices() -> Iterator[Finding]:
        try:
            yield from found.result()
        except BrokenProcessPool:
            remedy = "`python -c 'import tensorflow'` says why; make setup"
            yield fail("devices", "TensorFlow ended the process that imported it", remedy)

    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        found = other.submit(_all)
        yield devices


def _all() -> list[Finding]:
    return list(devices())


def devices() -> Iterator[Finding]:
    """Check that the device that params.yaml asks for is there."""
    from pipeline.graph import cuda
    from pipeline.graph import devices as found

    gpus = found.gpus()
    text = f"{os.cpu_count()} CPU cores, {listing(gpus) or 'no GPU' + cuda.why_no_gpu()}"
    try:
        if settings := _settings():
            found.choose(settings)
    except DeviceError as error:
        yield fail("devices", one_line(error))
        return
    if not gpus and cuda.has_driver():
        yield warn("devices", text, "the CPU is used, unless this is mended")
    else:
        yield ok("devices", text)


def _settings() -> "Device | None":
    from pipeline.parameters import load

    try:
        return load(files.PARAMS).device
    except ConfigError:  # which `parameters` reports
        return None
