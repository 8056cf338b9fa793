"""The chosen device is used, or there is a message."""

import subprocess
import sys

import pytest
import tensorflow as tf
from tensorflow.python.framework import config as framework

from pipeline.errors import DeviceError
from pipeline.graph import devices
from pipeline.graph.optimizers import require_device
from pipeline.graph.step import build_step_graph
from pipeline.training.job import specify_inference
from pipeline.training.placement import require_placement
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY
from ..small import examples


def test_a_gpu_that_is_not_there_is_refused(settings):
    with pytest.raises(DeviceError) as caught:
        devices.choose_device(settings("device=gpu", "device.index=1").device)
    assert "GPU 1 was looked for" in str(caught.value)
    assert "CUDA_VISIBLE_DEVICES hides all" in str(caught.value)
    assert "device=auto" in str(caught.value)


def test_auto_says_why_it_takes_the_cpu(settings):
    name, sentence = devices.choose_device(settings("device=auto").device)
    assert name == "/device:CPU:0"
    assert "chosen by device=auto: no GPU (CUDA_VISIBLE_DEVICES hides all" in sentence


@pytest.mark.parametrize("kind", ["MatMul", "_MklMatMul", "_MklNativeFusedMatMul", "VarHandleOp"])
def test_operations_on_another_device_are_refused(kind):
    counts = {"/device:CPU:0": {kind: 2, "Const": 9}, "/device:GPU:0": {"VarHandleOp": 1}}
    with pytest.raises(DeviceError, match=f"ran {kind} on /device:CPU:0"):
        require_placement(counts, "/device:GPU:0", set())
    require_placement({"/device:CPU:0": {"Const": 9}}, "/device:GPU:0", set())


@pytest.mark.slow
def test_tensorflow_starts_quietly():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import pipeline.models.forms.frozen_graph, pipeline.models.run.registry",
        ],
        cwd=REPOSITORY / "src",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""


def test_an_optimizer_without_a_gpu_kernel_is_refused_there(settings, failure):
    chosen = settings("optimizer=proximal_gradient_descent").optimizer
    with failure.raises(
        "Optimizer without a kernel for GPUs",
        DeviceError,
        match="no proximal_gradient_descent for GPUs",
    ):
        require_device(chosen, "/device:GPU:0")


def test_a_graph_for_others_does_not_depend_on_the_configured_process(settings):
    chosen = settings("model=softmax")
    model = specify_inference(chosen, examples(task="classification")[0])

    def build():
        graph = build_step_graph(chosen, Workspace.here(), model, "classification")
        return graph.as_graph_def()

    plain = build()
    tf.config.experimental.enable_op_determinism()
    try:
        assert build() == plain
        assert framework.is_op_determinism_enabled()
    finally:
        framework.disable_op_determinism()


def test_a_session_is_opened_as_configured(settings):
    plain = devices.session_config(settings("device=cpu").device, "/device:CPU:0")
    assert not plain.allow_soft_placement
    assert dict(plain.device_count) == {"GPU": 0, "CPU": 1}
    asked = settings(
        "device=gpu", "device.intra_op_threads=3", "device.inter_op_threads=2",
        "device.memory_growth=false", "device.memory_limit=512", "device.log_device_placement=true",
    )  # fmt: skip
    given = devices.session_config(asked.device, "/device:GPU:0")
    assert (given.intra_op_parallelism_threads, given.inter_op_parallelism_threads) == (3, 2)
    assert given.log_device_placement
    assert not given.gpu_options.allow_growth
    (limited,) = given.gpu_options.experimental.virtual_devices
    assert list(limited.memory_limit_mb) == [512]
    assert "GPU" not in given.device_count
