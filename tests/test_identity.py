"""What determines a result is in its name, and nothing else is."""

import pytest

from pipeline.stages.train import identity
from pipeline.tracking.execution import Execution
from pipeline.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def name(settings, tmp_path):
    """Name a training and an execution, for overrides."""
    workspace = Workspace(tmp_path)
    workspace.prepared.mkdir(parents=True)
    (workspace.prepared / "data").write_text("one")

    def identify(*overrides: str, device: str = "/device:CPU:0") -> tuple[str, str]:
        chosen = settings(*overrides)
        execution = Execution.current(chosen, workspace)
        return identity(chosen, workspace, device), execution.identity

    return identify


@pytest.mark.slow
@pytest.mark.parametrize(
    "override",
    [
        "optimizer.learning_rate=0.1",
        "train.steps=7",
        "seed=1",
        "model=mlp",
        "device=cpu",
        "data.split=random",
    ],
)
def test_another_parameter_never_goes_on_from_an_old_state(name, override):
    assert name(override)[0] != name()[0]
    assert name(override)[1] != name()[1]


def test_other_data_has_another_name(name, tmp_path):
    before = name()
    (tmp_path / "data/prepared/data").write_text("two")
    assert name()[0] != before[0]
    assert name()[1] != before[1]


def test_another_device_does_not_go_on_with_a_training(name):
    assert name(device="/device:GPU:0")[0] != name()[0]


@pytest.mark.slow
def test_what_comes_after_the_training_does_not_name_it(name):
    override = "evaluation.figures.dpi=60"
    assert name(override)[0] == name()[0]
    assert name(override)[1] != name()[1]


def test_tracking_names_nothing(name):
    assert name("tracking.live_after=9", "tracking.experiment=other") == name()
