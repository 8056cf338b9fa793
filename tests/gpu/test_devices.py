"""How a GPU is chosen and refused, and what memory is taken of it."""

import subprocess

import pytest

from .conftest import Repository

pytestmark = pytest.mark.gpu

CHOOSE = """
import sys
from pipeline import config
from pipeline.errors import DeviceError
from pipeline.graph import devices
from pipeline.workspace import Workspace
settings = config.load(Workspace.here()).device
try:
    print(devices.choose_device(settings)[1])
except DeviceError as error:
    print("refused:", error)
"""

MULTIPLY = """
import subprocess
import sys
import numpy as np
import tensorflow as tf
from pipeline import config
from pipeline.graph import devices
from pipeline.workspace import Workspace
settings = config.load(Workspace.here()).device
device, _ = devices.choose_device(settings)
devices.configure_process(settings, device)
graph, size, value = tf.Graph(), int(sys.argv[1]), float(sys.argv[2])
with graph.as_default(), tf.device(device):
    matrix = tf.compat.v1.placeholder(tf.float32, [size, size])  # no constant, which is folded
    product = tf.reduce_max(tf.matmul(matrix, matrix))
with devices.explain_lack_of_memory(), devices.open_session(graph, settings, device) as session:
    print("product", session.run(product, {matrix: np.full([size, size], value, np.float32)}))
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    print("used", subprocess.check_output(query, text=True).split()[0])
"""


def used_memory(output: str) -> int:
    """Return the MiB in use of the card."""
    return int(output.split("used ")[1].split()[0])


@pytest.fixture
def on_gpu(repository: Repository) -> Repository:
    if repository.device != "gpu":
        pytest.skip("these are about a GPU")
    return repository


def test_a_gpu_that_does_not_exist_is_refused(repository: Repository):
    repository.compose("device.kind=gpu", "device.index=63")
    said = repository.succeed("-c", CHOOSE)
    assert said.startswith("refused: GPU 63 was looked for")


def test_auto_takes_the_gpu(on_gpu: Repository):
    on_gpu.compose("device=auto")
    assert "chosen by device=auto" in on_gpu.succeed("-c", CHOOSE)
    assert on_gpu.succeed("-c", CHOOSE).startswith("/device:GPU:0")


def test_memory_grows_as_it_is_needed(on_gpu: Repository):
    before = int(
        subprocess.check_output(
            ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"], text=True
        ).split()[0]
    )
    on_gpu.compose("device.memory_growth=true")
    said = on_gpu.succeed("-c", MULTIPLY, "1000", "1")
    assert "product 1000.0" in said
    assert used_memory(said) - before < 4096


def test_a_limit_of_memory_holds(on_gpu: Repository):
    on_gpu.compose("device.memory_growth=false", "device.memory_limit=1024")
    assert "product 1000.0" in on_gpu.succeed("-c", MULTIPLY, "1000", "1")
    refused = on_gpu.run("-c", MULTIPLY, "40000", "1")  # 6.4 GB
    assert refused.returncode != 0
    assert "memory" in refused.stderr


@pytest.mark.parametrize(("tf32", "product"), [("false", 64.03125), ("true", 64.0)])
def test_products_have_the_mantissa_that_is_chosen(on_gpu: Repository, tf32: str, product: float):
    on_gpu.compose(f"device.tf32={tf32}")
    said = on_gpu.succeed("-c", MULTIPLY, "64", str(1 + 2**-12))  # of which TF32 keeps 1
    assert float(said.split("product ")[1].split()[0]) == pytest.approx(product, abs=1e-3)


def test_layers_can_be_placed_apart(on_gpu: Repository):
    on_gpu.compose(
        "data=diabetes", "model=mlp", "train.steps=100", "device.placement={hidden_1: /cpu:0}"
    )
    on_gpu.stage("prepare", "train")
    operations = on_gpu.json("reports/placement.json")["operations"]
    for device in ("/device:CPU:0", "/device:GPU:0"):
        assert any("MatMul" in kind for kind in operations[device])
