"""A loss that is no longer finite is explained: divergence is told apart from bad data."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import TrainingError
from pipeline.models.learning_curve import read

from ..conftest import Run
from ..failures import Failure

pytestmark = pytest.mark.repro

SMALL = ("train.steps=60", "train.checkpoint_every=10")


def test_divergence(run: Run, failure: Failure):
    expected = (
        r"the loss is (inf|nan) in step \d+, with a learning rate of 3 and a largest gradient of"
        r" \S+ \(network/\w+\); the loss rose from \S+ to \S+ since step 1, so the training"
        r" diverges.*the checkpoint of step 10 is kept in \.resume/"
    )
    with failure.raises("Learning rate that is too large", TrainingError, expected):
        run(*SMALL, "optimizer.learning_rate=3")
    assert list(Path(".resume").glob("*/model.ckpt-10.index"))


def test_the_learning_rate_is_that_of_the_step(run: Run, failure: Failure):
    rates = ("schedule=piecewise", "schedule.boundaries=[20]", "schedule.factors=[1,100]")
    expected = r"in step (2|3)\d, with a learning rate of 10 and .* so the training diverges"
    with failure.raises("Schedule that makes training diverge", TrainingError, expected):
        run(*SMALL, *rates, "optimizer.learning_rate=0.1")


def own(folder: Path, rows: list[str]) -> tuple[str, ...]:
    (folder / "own.csv").write_text("\n".join(["a,b,y", *rows]))
    own = ("data=csv", "data.path=own.csv", "data.target=y", "data.scaling=none")
    return (
        *own,
        "data.split=chronological",
        "data.validation_share=0",
        "model.weights=random_normal",
    )


def test_bad_data(run: Run, folder: Path, failure: Failure):
    rows = [f"{i % 7},{i % 5},{i % 3}" for i in range(100)]
    rows[41] = "2,7e25,1"
    expected = r"in step \d+, .* 'b' is 7e\+25 at row 42, which is too large to train on"
    with failure.raises("Row with an absurd value", TrainingError, expected):
        run(*own(folder, rows), *SMALL, "train=minibatch", "train.batch_size=8",
            "optimizer.learning_rate=0.001")  # fmt: skip


def test_a_start_that_is_not_finite(run: Run, failure: Failure):
    huge = "model.weights=1e30"
    with failure.raises("Initial values that overflow", TrainingError, "so from the start"):
        run(*SMALL, huge)


def test_divergence_right_after_a_checkpoint(run: Run, failure: Failure):
    every = ("train.checkpoint_every=1", "train.log_every=1", "train.steps=300")
    with failure.raises("Divergence after a checkpoint", TrainingError, "the training diverges"):
        run(*every, "optimizer.learning_rate=1000")


def test_a_bad_row_after_losses_that_fell(run: Run, folder: Path):
    rows = [f"{i % 7},{i % 5},{i % 7 * 3}" for i in range(400)]
    rows[299] = "2,7e25,1"
    with pytest.raises(TrainingError, match=r"'b' is 7e\+25 at row 300"):
        run(*own(folder, rows), "train=minibatch", "train.batch_size=1", "train.log_every=1",
            "train.steps=400", "optimizer.learning_rate=0.01")  # fmt: skip


def test_a_checkpoint_never_holds_what_is_not_finite(run: Run, failure: Failure):
    expected = r"step 1 leaves NaN or infinity in network/\w+, with a learning rate of 1e\+38 and"
    with failure.raises("Step that leaves NaN in a variable", TrainingError, expected):
        run("train.steps=1", "optimizer.learning_rate=1e38")
    assert not list(Path(".resume").glob("*/*.index"))


def test_a_validation_that_is_not_finite(run: Run, failure: Failure):
    validation = ("data.validation_share=0.1", "train.validation.every=1")
    expected = r"the loss on the validation rows is \S+ after step \d+, .* the training diverges"
    with failure.raises("Validation that is not finite", TrainingError, expected):
        run(*SMALL, *validation, "optimizer.learning_rate=1000")


def test_what_is_trained_again_is_what_was_trained(run: Run):
    """The step of the message is that of the first training, which needed no gradients."""
    with pytest.raises(TrainingError) as caught:
        run(*SMALL, "optimizer.learning_rate=3", "train.log_every=1")
    (history,) = Path(".resume").glob("*/history.csv")
    points = read(history)
    assert np.isfinite([values["loss"] for _, values in points]).all()
    assert [step for step, _ in points] == list(range(1, 11))  # those of the checkpoint
    step = int(str(caught.value).split("in step ")[1].split(",")[0])
    assert step > 10
