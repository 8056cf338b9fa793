"""Two workspaces, one after another in one process, have the bytes of `dvc repro`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import OUTS, REPOSITORY, Clone

pytestmark = pytest.mark.repro

# The first arguments are workspaces to run, the last has settings that must be refused.
SCRIPT = """
import sys

import tensorflow as tf

from pipeline import config
from pipeline.errors import DeviceError
from pipeline.stages import evaluate, freeze, prepare, train
from pipeline.workspace import Workspace

*roots, refused = map(Workspace, sys.argv[1:])
for workspace in roots:
    settings = config.load(workspace)
    for stage in (prepare, train, freeze, evaluate):
        stage.run(settings, workspace)

    @tf.function
    def other(x):  # counts up what TensorFlow numbers functions by
        return tf.while_loop(lambda i: i < 3, lambda i: i + 1, [x])[0]

    other(tf.constant(0))

settings = config.load(refused)
for stage in (train, freeze, evaluate):
    try:
        stage.run(settings, roots[0])
    except DeviceError as error:
        print("refused:", error)
"""


def workspace(finished: Clone, root: Path) -> Clone:
    """Make a workspace with what the stages read, and no more."""
    root.mkdir()
    for name in ("conf", "data/raw"):
        shutil.copytree(finished.path / name, root / name)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(finished.path / name, root / name)
    return Clone(root)


def run_in_process(code: str, *arguments: Path, folder: Path, **environment: str):
    """Run Python code in a process of its own, so that its devices are its own, too."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=folder,
        env={**Clone(REPOSITORY).environment, **environment},
        text=True,
        capture_output=True,
        check=False,
    )


def test_two_workspaces_in_one_process_have_the_bytes_of_dvc_repro(
    finished: Clone, tmp_path: Path, failure
):
    one, other = (workspace(finished, tmp_path / name) for name in ("one", "other"))
    refused = workspace(finished, tmp_path / "refused")
    refused.edit("params.yaml", "intra_op_threads: 0", "intra_op_threads: 1")
    (tmp_path / "elsewhere").mkdir()
    done = run_in_process(
        SCRIPT, one.path, other.path, refused.path, folder=tmp_path / "elsewhere",
        TF_ENABLE_ONEDNN_OPTS="1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = finished.digests(*OUTS)
    # DVC ignores the raw data; all else that the stages wrote is an out.
    for found in (one.digests(*OUTS), other.digests(*OUTS)):
        assert found == expected
    assert not list((tmp_path / "elsewhere").iterdir())
    messages = re.findall("^refused: (.*)", done.stdout, re.MULTILINE)
    assert len(messages) == 3
    assert "cannot change device.intra_op_threads once it has computed" in messages[0]
    failure.said("Another device section in one process", messages[0], "use a new process", 4)


ONEDNN = """
import sys
from pathlib import Path
from pipeline.config import load
from pipeline.graph import devices
from pipeline.workspace import Workspace

settings = load(Workspace(Path(sys.argv[1]))).device
devices.configure_process(settings, "/device:CPU:0")
"""


def test_another_choice_of_onednn_than_that_of_the_import_is_refused(finished: Clone, failure):
    folder = finished.path
    done = run_in_process(ONEDNN, folder, folder=folder, TF_ENABLE_ONEDNN_OPTS="0")
    (message,) = re.findall("DeviceError: (.*)", done.stderr)
    what = "oneDNN chosen after TensorFlow was imported"
    failure.said(what, message, "set TF_ENABLE_ONEDNN_OPTS=1 in the environment", 4)
    done = run_in_process(ONEDNN, folder, folder=folder, TF_ENABLE_ONEDNN_OPTS="1")
    assert done.returncode == 0, done.stderr
