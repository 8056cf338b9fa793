"""The chosen device is used, or there is a message."""

import subprocess
import sys

import pytest

from pipeline.errors import DeviceError
from pipeline.graph import devices

from ..conftest import REPOSITORY


@pytest.fixture
def gpus() -> int:
    return len(devices.tf.config.list_physical_devices("GPU"))


def test_a_gpu_that_is_not_there_is_refused(settings, gpus):
    with pytest.raises(DeviceError) as caught:
        devices.choose(settings("device=gpu", f"device.index={gpus}").device)
    assert f"GPU {gpus} was looked for" in str(caught.value)
    assert "device=auto" in str(caught.value)


def test_auto_takes_a_gpu_or_says_why_it_takes_the_cpu(settings, gpus):
    name, sentence = devices.choose(settings("device=auto").device)
    assert name == ("/device:GPU:0" if gpus else "/device:CPU:0")
    assert "device=auto" in sentence
    assert gpus or "no GPU" in sentence


def test_operations_on_another_device_are_refused():
    counts = {"/device:CPU:0": {"MatMul": 2, "Const": 9}, "/device:GPU:0": {"VarHandleOp": 1}}
    with pytest.raises(DeviceError, match="ran MatMul on /device:CPU:0"):
        devices.require_placement(counts, "/device:GPU:0")
    devices.require_placement({"/device:CPU:0": {"Const": 9}}, "/device:GPU:0")


def test_tensorflow_starts_quietly():
    done = subprocess.run(
        [sys.executable, "-c", "import pipeline.artifacts.frozen, pipeline.runtimes.forms"],
        cwd=REPOSITORY / "src",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""
