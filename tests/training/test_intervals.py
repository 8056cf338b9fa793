"""When a training records, saves and publishes, and that a kill at any time costs no bit."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.models import learning_curve
from pipeline.models.learning_curve import Progress, spread
from pipeline.training import autosave, checkpoints
from pipeline.training.fit import fit
from pipeline.training.timing import CHECKPOINTS, FIRST, STEPS, Timing
from pipeline.workspace import Workspace, files

from ..conftest import REPOSITORY
from ..small import job_of

pytestmark = pytest.mark.slow

CHOSEN = ("train=minibatch", "train.batch_size=16", "optimizer=adam", "train.steps=12000")


class KilledError(Exception):
    """Ends a training as a kill does: nothing is saved any more."""


def step_of(prefix: str) -> int:
    return int(prefix.rpartition("-")[2])


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save a state after each call."""
    monkeypatch.setattr(autosave, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(autosave, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(autosave, "LEAST_WAIT", 0)


@pytest.fixture
def fitted(settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that trains in a workspace of its own, maybe until a step is saved."""

    def run(name: str, *overrides: str, stop: int | None = None) -> dict[str, bytes]:
        monkeypatch.chdir(REPOSITORY)
        chosen = settings(*CHOSEN, "device=cpu", *overrides)
        root = tmp_path / name
        work = root / ".resume/training"
        work.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(root)

        def kill(progress: Progress) -> None:
            if stop is not None and max(map(step_of, autosave.find(work)), default=0) > stop:
                raise KilledError

        fit(job_of(chosen, work), [kill])
        checkpoints.discard(work)
        outs = [*Workspace(root).checkpoint.iterdir(), Workspace(root).history]
        return {path.name: path.read_bytes() for path in outs}

    return run


@pytest.mark.parametrize("steps", [1, 2, 999, 1000, 1001, 4000, 400_001, 10**7, 10**9])
def test_a_curve_has_about_a_thousand_points_and_more_at_the_start(steps: int):
    points = spread(steps)
    assert points[0] == 1
    assert points[-1] == steps
    gaps = np.diff(points)
    assert (gaps > 0).all()
    assert 700 <= len(points) <= 1001 or len(points) == steps
    assert gaps[: len(gaps) // 2].sum() <= gaps[len(gaps) // 2 :].sum() + 1


@pytest.mark.parametrize(
    ("overrides", "interval"),
    [
        (("train.steps=1000",), 250),
        (("train.steps=10",), 3),
        (("train.steps=0",), 1),
        (("train.steps=1000", "train.checkpoint_every=7"), 7),
    ],
)
def test_checkpoints_are_at_quarters(settings, overrides, interval: int):
    assert settings(*overrides).train.checkpoint_interval == interval


def test_points_are_a_function_of_the_step(fitted):
    steps = [step for step, _ in learning_curve.read(_curve(fitted("auto")))]
    assert steps == spread(12_000).tolist()
    steps = [step for step, _ in learning_curve.read(_curve(fitted("own", "train.log_every=500")))]
    assert steps == [1, *range(500, 12_001, 500)]


def _curve(_: object) -> Path:
    return Workspace.here().history


def test_a_kill_between_two_checkpoints_costs_no_bit(fitted, always, caplog):
    whole = fitted("whole")
    with pytest.raises(KilledError):
        fitted("killed", stop=3000)
    work = Path(".resume/training")
    (saved,) = autosave.find(work)
    assert step_of(saved) % 3000
    caplog.set_level("INFO")
    assert fitted("killed") == whole
    assert f"going on from step {step_of(saved):,}" in caplog.text
    assert not work.exists()


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_a_damaged_state_falls_back_to_the_checkpoint(fitted, always, caplog, part: str):
    whole = fitted("whole")
    with pytest.raises(KilledError):
        fitted("killed", stop=3000)
    (saved,) = autosave.find(Path(".resume/training"))
    Path(f"{saved}.{part}").write_bytes(b"")
    caplog.set_level("INFO")
    assert fitted("killed") == whole
    assert f"{Path(saved).name} is damaged" in caplog.text
    assert re.search(r"going on from step [369],000\b", caplog.text)


def test_a_state_that_cannot_be_written_does_not_end_a_training(
    fitted, always, monkeypatch, caplog
):
    whole = fitted("whole")

    def refuse(*_: object) -> None:
        raise files.unwritable(Path("model.ckpt-1"), "no space left on device")

    monkeypatch.setattr(autosave._Writer, "write", refuse)
    assert fitted("full") == whole
    assert "a killed training goes on from the state before" in caplog.text


def test_what_the_clock_keeps_is_not_published(fitted):
    overrides = "train.max_to_keep=1", "train.keep_checkpoint_every_n_hours=1e-9"
    outs = fitted("kept", *overrides)
    assert {name for name in outs if "ckpt" in name} == {
        f"model.ckpt-12000.{part}" for part in ("meta", "index", "data-00000-of-00001")
    }
    kept = {path.name for path in Path(".resume/kept-training").glob("*.index")}
    assert kept == {f"model.ckpt-{step}.index" for step in (3000, 6000, 9000)}
    assert fitted("kept", *overrides) == outs


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("train.checkpoint_every=1",), "train.checkpoint_every=1 takes 60% of the training's"),
        ((), ""),
        (("train.log_every=1",), ""),
    ],
)
def test_the_cost_of_intervals_is_told(settings, caplog, overrides, told: str):
    caplog.set_level("INFO")
    timing = Timing()
    timing.seconds |= {STEPS: 3.5, CHECKPOINTS: 6.0, "LearningCurve": 0.5}
    timing.tell(settings(*overrides).train)
    assert told in caplog.text
    assert bool(told) == bool(caplog.text)


def test_time_is_counted_where_it_is_spent():
    timing = Timing()
    assert list(timing.over(STEPS, iter([1, 2]))) == [1, 2]
    with pytest.raises(KilledError), timing.of(CHECKPOINTS):
        raise KilledError
    assert timing.seconds.keys() == {FIRST, STEPS, CHECKPOINTS}
