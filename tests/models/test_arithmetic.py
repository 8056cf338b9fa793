"""A model computes with what it was proven with: oneDNN, threads, fused kernels."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DeviceError
from pipeline.graph import devices, tf
from pipeline.models.metadata import sidecar
from pipeline.models.metadata.arithmetic import read_onednn
from pipeline.models.run.form import predict_in_pieces
from pipeline.models.run.registry import open_model
from pipeline.schema.training.device import Arithmetic
from pipeline.workspace import Workspace

from ..small import examples
from . import made

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    overrides = ("device.onednn=false", "model.activation=tanh", "model.hidden=[64]")
    return made.small(tmp_path_factory.mktemp("models") / "model", *overrides)


def proven_with(small: Path, to: Path, **changes: object) -> Path:
    """Return a copy of the frozen graph that was proven with something else."""
    folder = made.copied(small / "frozen", to)
    found = sidecar.read(folder / sidecar.FILE)
    arithmetic = dataclasses.replace(found.arithmetic, **changes)
    made.sign(dataclasses.replace(found, arithmetic=arithmetic), folder)
    return folder


def test_settings_and_arithmetic_are_two_ways_to_say_it(settings):
    chosen = ("device.fused_kernels=true", "device.intra_op_threads=3", "device.tf32=true")
    device = settings(*chosen).device
    found = Arithmetic.of(device, "/device:GPU:1")
    assert (found.device, found.fused_kernels, found.intra_op_threads) == ("gpu", True, 3)
    assert found.tensor_float_32
    assert Arithmetic.of(found.settings(), "/device:GPU:0") == found
    assert not Arithmetic.of(device, "/device:CPU:0").tensor_float_32


@pytest.mark.parametrize("form", ["frozen", "frozen/model.pb", "saved_model", "checkpoint"])
def test_every_form_tells_it_before_tensorflow_is_imported(small, form: str):
    assert read_onednn(small / form) is False


def test_nothing_is_told_by_what_is_not_a_model(tmp_path):
    assert read_onednn(tmp_path) is None
    (tmp_path / "model.json").write_text("[1")
    assert read_onednn(tmp_path / "model.pb") is None


def test_another_choice_of_onednn_is_refused(small, failure):
    with failure.raises(
        "Model proven without oneDNN, in a process with it", DeviceError, "TF_ENABLE_ONEDNN_OPTS=0"
    ):
        open_model(small / "frozen", Workspace.here())


def test_other_threads_are_refused(small, tmp_path, failure):
    tf.constant(1.0) + 1  # TensorFlow has computed
    other = proven_with(small, tmp_path / "other", onednn=True, intra_op_threads=1)
    what = "Model proven with other threads than this process has"
    with failure.raises(what, DeviceError, "use a new process"):
        open_model(other, Workspace.here())


@pytest.mark.parametrize("fused", [False, True])
def test_a_session_fuses_kernels_as_the_gate_did(small, tmp_path, settings, fused: bool):
    folder = proven_with(small, tmp_path / "other", onednn=True, fused_kernels=fused)
    features = np.random.default_rng(0).normal(3, 2, (500, 3))
    with open_model(folder, Workspace.here()) as runner:
        found = predict_in_pieces(runner, {"features": features})
    device = settings(f"device.fused_kernels={str(fused).lower()}", "device=cpu").device
    from pipeline.models.forms.frozen_graph import read_graph

    graph = read_graph(folder / "model.pb")
    with devices.open_session(graph, device, "/device:CPU:0") as session:
        expected = session.run("prediction:0", {"features:0": features})
    np.testing.assert_array_equal(found, expected)


def test_predict_computes_so_whatever_the_environment_says(small, tmp_path):
    dataset, rows = examples(rows=200)
    pd.DataFrame(rows.features, columns=list(dataset.features)).to_csv(
        tmp_path / "in.csv", index=False
    )
    command = [sys.executable, "-m", "pipeline", "predict", str(small / "frozen")]
    done = subprocess.run(
        [*command, str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv")],
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr  # with oneDNN the model is refused, see above
    assert len(pd.read_csv(tmp_path / "out.csv")) == 200
