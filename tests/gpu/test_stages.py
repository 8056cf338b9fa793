"""What `device=gpu` promises: it trains there, all forms agree, repeats and resumes are exact."""

import signal
import subprocess
import sys
import time

import pytest

from .conftest import REPOSITORY, STAGES, Repository

pytestmark = pytest.mark.gpu

PRESETS = sorted(file.stem for file in (REPOSITORY / "conf/experiment").glob("*.yaml"))

LENET = ("experiment=lenet", "train.steps=400", "train.checkpoint_every=100")

# Seconds until a training has its second checkpoint, the card's first use included.
PATIENCE = 120


def require_agreement(repository: Repository) -> None:
    """Require that each form passed and computed exactly what eager execution did."""
    parity = repository.json("reports/parity.json")
    assert parity["passed"]
    assert not {form["name"]: form["max_ulp"] for form in parity["forms"] if form["max_ulp"]}


def require_placement(repository: Repository) -> None:
    placement = repository.json("reports/placement.json")
    assert placement["device"] == f"/device:{repository.device.upper()}:0"
    assert placement["operations"][placement["device"]]


@pytest.mark.parametrize("preset", PRESETS)
def test_all_forms_of_a_preset_agree(repository: Repository, preset: str):
    repository.compose(f"experiment={preset}")
    repository.stage(*STAGES)
    require_placement(repository)
    require_agreement(repository)


def test_all_forms_of_vgg_agree(repository: Repository):
    repository.compose("data=digits", "model=vgg", "train=minibatch", "train.steps=100")
    repository.stage(*STAGES)
    require_placement(repository)
    require_agreement(repository)


def test_all_forms_agree_with_short_mantissas(repository: Repository):
    repository.compose("experiment=lenet", "train.steps=200", "device.tf32=true")
    repository.stage(*STAGES)
    require_agreement(repository)
    proven_with = repository.json("artifacts/frozen/model.json")["proven_with"]
    assert proven_with["tensor_float_32"] is (repository.device == "gpu")


def test_a_training_repeats_bit_for_bit(repository: Repository):
    repository.compose(*LENET)
    repository.stage("prepare", "train")
    first = repository.bytes_of("artifacts/checkpoint")
    repository.stage("train")
    assert repository.bytes_of("artifacts/checkpoint") == first


def test_a_killed_training_goes_on_to_the_same_bits(repository: Repository):
    repository.compose(*LENET)
    repository.stage("prepare", "train")
    whole = repository.bytes_of("artifacts/checkpoint")
    kill_at_second_checkpoint(repository)
    log = repository.run("-m", "pipeline.stages", "train")
    assert log.returncode == 0, log.stderr
    assert "step 400" in log.stdout + log.stderr
    assert repository.bytes_of("artifacts/checkpoint") == whole


def kill_at_second_checkpoint(repository: Repository) -> None:
    command = [sys.executable, "-m", "pipeline.stages", "train"]
    training = subprocess.Popen(command, cwd=repository.path, env=repository.environment)
    deadline = time.monotonic() + PATIENCE
    while not list((repository.path / ".resume").glob("*/model.ckpt-200.index")):
        assert training.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    training.send_signal(signal.SIGKILL)
    training.wait()


@pytest.mark.parametrize(
    "overrides",
    [("data=diabetes", "model=mlp", "train.steps=2000"), ("experiment=lenet", "train.steps=200")],
    ids=["dense", "convolutional"],
)
def test_a_compiled_training_agrees(repository: Repository, overrides: tuple[str, ...]):
    repository.compose(*overrides, "train.xla=true")
    repository.stage(*STAGES)
    assert repository.json("reports/placement.json")["xla"] is True
    require_agreement(repository)
