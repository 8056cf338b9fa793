"""The loop in the graph: its results depend on the seed and the step, and on nothing else."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ConfigError, TrainingError

OPTIMIZERS = (
    "gradient_descent",
    "momentum",
    "nesterov",
    "adam",
    "adagrad",
    "adadelta",
    "rmsprop",
    "ftrl",
    "proximal_gradient_descent",
)
BATCHES = ("train=minibatch", "train.batch_size=16", "device=cpu")


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_a_call_change_no_bit(settings, train, optimizer: str):
    chosen = settings(*BATCHES, f"optimizer={optimizer}", "train.steps=60")
    losses, variables = train(chosen)
    again, variables_again = train(chosen, call=1)
    assert losses.tobytes() == again.tobytes()
    assert same(variables, variables_again)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(settings, train, optimizer: str):
    chosen = settings("device=cpu", f"optimizer={optimizer}", "train.steps=800")
    losses, _ = train(chosen)
    assert losses[-1] < losses[0] * 0.1


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_an_interrupted_training_ends_with_the_same_bits(
    settings, train, tmp_path: Path, model: str
):
    chosen = settings(
        *BATCHES,
        f"model={model}",
        *(["model.dropout=0.3"] if model == "mlp" else []),
        "optimizer=adam",
        "train.steps=90",
        "train.checkpoint_every=25",
    )
    losses, variables = train(chosen)
    work = tmp_path / "interrupted"
    train(chosen, stop=60, folder=work, call=4)
    rest, resumed = train(chosen, folder=work)
    assert same(variables, resumed)
    assert rest.tobytes() == losses[50:].tobytes()  # 50: the last checkpoint before 60


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(
    settings, train, tmp_path: Path, capsys
):
    chosen = settings(*BATCHES, "train.steps=90", "train.checkpoint_every=25")
    _, variables = train(chosen)
    work = tmp_path / "interrupted"
    train(chosen, stop=60, folder=work, call=4)
    (work / "model.ckpt-50.data-00000-of-00001").write_bytes(b"")
    rest, resumed = train(chosen, folder=work)
    assert len(rest) == 65
    assert same(variables, resumed)
    assert "model.ckpt-50 is damaged" in capsys.readouterr().out


def test_xla_computes_the_same_up_to_rounding(settings, train):
    plain, _ = train(settings(*BATCHES, "train.steps=40"))
    compiled, _ = train(settings(*BATCHES, "train.steps=40", "train.xla=true"))
    np.testing.assert_allclose(plain, compiled, rtol=1e-4)


def test_seeds_give_other_weights(settings, train):
    _, one = train(settings(*BATCHES, "train.steps=2"))
    _, other = train(settings(*BATCHES, "train.steps=2", "seed=1"))
    assert not same(one, other)


def test_a_loss_that_is_not_finite_stops_with_the_step(settings, train):
    with pytest.raises(TrainingError, match=r"in step \d+ with optimizer.learning_rate=50"):
        train(settings("device=cpu", "optimizer.learning_rate=50"))


def test_a_batch_larger_than_the_split_is_refused(settings, train):
    with pytest.raises(ConfigError, match=r"train\.batch_size=65 is more than the 64"):
        train(settings("device=cpu", "train.batch_size=65"))


def test_checkpoints_are_kept_as_configured(settings, train, tmp_path: Path):
    chosen = settings(
        "device=cpu",
        "train.steps=50",
        "train.checkpoint_every=10",
        "train.max_to_keep=2",
        "train.write_meta_graph=false",
    )
    train(chosen, folder=tmp_path / "kept")
    names = {file.name for file in (tmp_path / "kept").iterdir()}
    assert names == {
        "checkpoint",
        "model.ckpt-40.data-00000-of-00001",
        "model.ckpt-40.index",
        "model.ckpt-50.data-00000-of-00001",
        "model.ckpt-50.index",
        "model.ckpt-50.meta",
    }
    assert str(tmp_path) not in (tmp_path / "kept/checkpoint").read_text()
