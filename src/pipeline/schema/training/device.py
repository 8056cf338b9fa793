"""The schema of `device` and `export`: the devices that run graphs, and their options."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pipeline.schema.base import Section, Threads, about


def _expand_name(name: str) -> str:
    """Return `/device:CPU:1` for `/cpu:1` and the like."""
    found = re.fullmatch(r"/?(?:device:)?(cpu|gpu):(\d\d?)", name, re.IGNORECASE)
    if not found:
        raise ValueError("allowed: a device such as /device:CPU:1 or /gpu:0")
    return f"/device:{found[1].upper()}:{found[2]}"


DeviceName = Annotated[str, AfterValidator(_expand_name)]


class Device(Section):
    """The device that runs the graph. Threads, oneDNN and TF32 change the bits of results."""

    kind: Literal["cpu", "gpu", "auto"] = about(
        "kind of device; auto: a GPU if there is one, else the CPU"
    )
    index: Annotated[int, Field(ge=0, le=63)] = about("number of the device of this kind, from 0")
    placement: dict[str, DeviceName] = about(
        "devices of single layers, such as hidden_1: /device:CPU:1; an operation runs where its"
        " innermost listed layer does",
        allowed="a mapping from names of layers to devices",
    )
    soft_placement: bool = about("run operations on another device if this one cannot run them")
    log_device_placement: bool = about("log the device of each operation")
    memory_growth: bool = about("allocate GPU memory as it is needed, not all at once")
    memory_limit: Annotated[int, Field(ge=64)] | None = about(
        "GPU memory to allocate, all at once; null: see memory_growth", "MiB"
    )
    intra_op_threads: Threads = about("threads inside an operation; 0: number of cores")
    inter_op_threads: Threads = about("operations that run in parallel; 0: number of cores")
    onednn: bool = about("use the kernels of oneDNN on the CPU")
    fused_kernels: bool = about(
        "fuse operations in sessions, which can change the last bits; eager execution fuses none"
    )
    tf32: bool = about(
        "let products on a GPU have ten bits of mantissa (NVIDIA's TF32), which is faster; products"
        " on a CPU have all 23"
    )


@dataclass(frozen=True)
class Arithmetic:
    """What the bits of a result depend on, besides the graph: it belongs to a model.

    The gate compares the forms of a model with it, and whoever runs the model later uses the same.
    """

    device: Literal["cpu", "gpu"]
    onednn: bool
    fused_kernels: bool
    intra_op_threads: int  # 0: number of cores
    inter_op_threads: int  # 0: number of cores
    deterministic: bool = True  # of several kernels for a GPU, those that always give equal bits
    tensor_float_32: bool = False  # ten bits of mantissa in the products of a GPU

    @classmethod
    def of(cls, settings: Device, device: str) -> Self:
        """Return that of a session on `device`, such as `/device:GPU:0`."""
        return cls(
            device="gpu" if "GPU" in device else "cpu",
            onednn=settings.onednn,
            fused_kernels=settings.fused_kernels,
            intra_op_threads=settings.intra_op_threads,
            inter_op_threads=settings.inter_op_threads,
            tensor_float_32=settings.tf32 and "GPU" in device,
        )

    def settings(self) -> Device:
        """Return the settings of a device that computes so."""
        return Device(
            kind=self.device,
            index=0,
            placement={},
            soft_placement=True,
            log_device_placement=False,
            memory_growth=True,
            memory_limit=None,
            intra_op_threads=self.intra_op_threads,
            inter_op_threads=self.inter_op_threads,
            onednn=self.onednn,
            fused_kernels=self.fused_kernels,
            tf32=self.tensor_float_32,
        )


class Export(Section):
    """Graphs in the tagged SavedModel besides `serve` and `train`."""

    devices: Annotated[list[Literal["cpu", "gpu"]], Field(max_length=2)] = about(
        "kinds of devices that get a graph of their own, with the tags serve,cpu and serve,gpu"
    )

    @model_validator(mode="after")
    def _check_devices(self) -> Self:
        if len(set(self.devices)) < len(self.devices):
            raise ValueError("allowed: each kind of device at most once")
        return self
