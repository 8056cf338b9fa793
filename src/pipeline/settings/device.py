"""The schema of `device`: where the graph runs, and how."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipeline.settings.basis import Section, Threads, about


def _full_name(name: str) -> str:
    """Return `/device:CPU:1` for `/cpu:1` and the like."""
    found = re.fullmatch(r"/?(?:device:)?(cpu|gpu):(\d\d?)", name, re.IGNORECASE)
    if not found:
        raise ValueError("allowed: a device such as /device:CPU:1 or /gpu:0")
    return f"/device:{found[1].upper()}:{found[2]}"


DeviceName = Annotated[str, AfterValidator(_full_name)]


class Device(Section):
    """Where the graph runs. Threads and oneDNN change the last bits of the results."""

    kind: Literal["cpu", "gpu", "auto"] = about("auto: the first GPU, or the CPU if there is none")
    index: Annotated[int, Field(ge=0, le=63)] = about("which device of its kind, counted from 0")
    placement: dict[str, DeviceName] = about(
        "devices of single layers, by name such as hidden_1: /device:CPU:1; the nearest layer"
        " around an operation decides",
        json_schema_extra={"allowed": "a mapping from names of layers to devices"},
    )
    soft_placement: bool = about("let TensorFlow move operations that the device cannot run")
    log_device_placement: bool = about("print the device of each operation")
    memory_growth: bool = about("take memory of the GPU as it is needed, not all at once")
    memory_limit: Annotated[int, Field(ge=64)] | None = about(
        "most memory of the GPU to take, all at once; null: as memory_growth says", "MiB"
    )
    intra_op_threads: Threads = about("threads in one operation; 0: all cores")
    inter_op_threads: Threads = about("operations at once; 0: all cores")
    onednn: bool = about("use oneDNN's kernels on the CPU")
    fused_kernels: bool = about(
        "let sessions fuse operations, which eager execution does not: the last bits can differ"
    )
