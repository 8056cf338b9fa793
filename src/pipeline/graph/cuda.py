"""Why TensorFlow sees no NVIDIA GPU: the driver, and the libraries of CUDA."""

import ctypes
import os
import site
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from pipeline.errors import listing

# Files of a loaded driver, on Linux and on Linux under Windows.
DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/proc/driver/nvidia/version")
DRIVER_LIBRARY = "libcuda.so.1"


def why_no_gpu() -> str:
    """Return in parentheses why TensorFlow sees no GPU."""
    return f" ({'; '.join(_list_reasons())})"


def has_driver() -> bool:
    """Tell whether the system has loaded NVIDIA's driver."""
    return any(Path(driver).exists() for driver in DRIVERS)


def _list_reasons() -> Iterator[str]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = visible in ("", "-1")
    if hidden:
        yield "CUDA_VISIBLE_DEVICES hides all"
    if not tf.test.is_built_with_cuda():
        yield "this TensorFlow is built without CUDA"
        return
    if not has_driver():
        yield "no NVIDIA driver is loaded"
        return
    if not _loads(DRIVER_LIBRARY):
        yield f"the driver's {DRIVER_LIBRARY} cannot be loaded"
    missing = [name for name in needed_libraries() if not _loads(name)]
    if missing:
        yield f"{listing(missing)} cannot be loaded: make setup EXTRAS=gpu"
    elif not hidden:
        number = tf.sysconfig.get_build_info()["cuda_version"]
        chosen = f"CUDA_VISIBLE_DEVICES={visible} may name none, or " if visible else ""
        yield f"{chosen}the driver may be too old for CUDA {number}; nvidia-smi shows both"


def needed_libraries() -> list[str]:
    """Return the libraries that this build of TensorFlow loads, besides the driver's."""
    build = tf.sysconfig.get_build_info()
    cuda, cudnn = (build[f"{name}_version"].split(".")[0] for name in ("cuda", "cudnn"))
    return [f"libcudart.so.{cuda}", f"libcublas.so.{cuda}", f"libcudnn.so.{cudnn}"]


def _loads(name: str) -> bool:
    """Tell whether a library can be loaded, from the system or from NVIDIA's packages."""
    packages = [Path(folder, "nvidia") for folder in site.getsitepackages()]
    paths = [str(path) for folder in packages for path in folder.glob(f"*/lib/{name}")]
    for path in (name, *paths):
        try:
            ctypes.CDLL(path)
        except OSError:
            continue
        return True
    return False
