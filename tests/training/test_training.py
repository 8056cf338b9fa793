"""The loop in the graph: its results depend on the seed and the step, and on nothing else."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ConfigError, TrainingError
from pipeline.graph import optimizers
from pipeline.training.batches import choose_batch_size
from pipeline.training.job import decide_penalty, decide_validation

from ..conftest import REPOSITORY
from ..small import examples

pytestmark = pytest.mark.slow

# Each file of conf/optimizer: every optimizer, some of them in several variants.
OPTIMIZERS = sorted(file.stem for file in (REPOSITORY / "conf/optimizer").glob("*.yaml"))
BATCHES = ("train=minibatch", "train.batch_size=16", "device=cpu")


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


def test_every_registered_optimizer_is_tested(settings):
    tested = {settings(f"optimizer={name}").optimizer.name for name in OPTIMIZERS}
    assert tested == set(optimizers.OPTIMIZERS)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_a_call_change_no_bit(settings, train, optimizer: str):
    chosen = settings(*BATCHES, f"optimizer={optimizer}", "train.steps=60")
    losses, variables = train(chosen)
    again, variables_again = train(chosen, call=1)
    assert losses.tobytes() == again.tobytes()
    assert same(variables, variables_again)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(settings, train, optimizer: str):
    faster = ("optimizer.learning_rate=0.01",) if optimizer == "adam" else ()
    chosen = settings("device=cpu", f"optimizer={optimizer}", "train.steps=800", *faster)
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
    settings, train, tmp_path: Path, caplog
):
    chosen = settings(*BATCHES, "train.steps=90", "train.checkpoint_every=25")
    _, variables = train(chosen)
    work = tmp_path / "interrupted"
    train(chosen, stop=60, folder=work, call=4)
    (work / "model.ckpt-50.data-00000-of-00001").write_bytes(b"")
    rest, resumed = train(chosen, folder=work)
    assert len(rest) == 65
    assert same(variables, resumed)
    assert "model.ckpt-50 is damaged" in caplog.text


@pytest.mark.parametrize("rows", [BATCHES, ("device=cpu",)], ids=["batches", "all rows"])
def test_xla_computes_the_same_up_to_rounding(settings, train, rows: tuple[str, ...]):
    plain, _ = train(settings(*rows, "train.steps=40"))
    compiled, _ = train(settings(*rows, "train.steps=40", "train.xla=true"))
    np.testing.assert_allclose(plain, compiled, rtol=1e-4)


@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam"])
def test_under_xla_too_steps_a_call_change_no_bit(settings, train, optimizer: str):
    chosen = settings(*BATCHES, f"optimizer={optimizer}", "train.xla=true", "train.steps=60",
                      "train.checkpoint_every=25")  # fmt: skip
    one_by_one, variables = train(chosen, call=1)
    in_chunks, again = train(chosen, call=1024)
    assert one_by_one.tobytes() == in_chunks.tobytes()
    assert same(variables, again)


def test_seeds_give_other_weights(settings, train):
    _, one = train(settings(*BATCHES, "train.steps=2"))
    _, other = train(settings(*BATCHES, "train.steps=2", "seed=1"))
    assert not same(one, other)


def test_a_loss_that_is_not_finite_stops_with_the_step(settings, train):
    with pytest.raises(TrainingError, match=r"the loss is \S+ in step \d+; a smaller"):
        train(settings("device=cpu", "optimizer.learning_rate=50"))


def test_a_batch_larger_than_the_split_is_refused(settings, train, failure):
    with failure.raises(
        "Batch larger than the training split",
        ConfigError,
        match=r"train\.batch_size=65 is more than the 64",
    ):
        train(settings("device=cpu", "train.batch_size=65"))


@pytest.mark.parametrize(
    ("chosen", "rows", "size"),
    [
        (("train=minibatch",), 80, 80),
        (("train=minibatch",), 4000, 128),
        (("train=stream",), 80, 80),
        (("train=stream",), 4000, 1024),
        (("train=stream", "train.window=50"), 4000, 50),
        (("train=minibatch", "train.batch_size=7"), 80, 7),
        (("train=full_batch",), 80, None),
    ],
)
def test_a_batch_has_at_most_all_rows(settings, chosen, rows: int, size: int | None):
    assert choose_batch_size(settings(*chosen).train, rows) == size


def test_the_default_batch_of_a_small_table_is_all_its_rows(settings, train):
    losses, _ = train(settings("device=cpu", "model=mlp", "train=minibatch", "train.steps=40"))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("chosen", "rows", "every"),
    [
        ((), 0, None),
        ((), 10, 50),
        (("train.steps=30",), 10, 50),
        (("train=minibatch",), 10, 100),
        (("train.validation.every=7",), 10, 7),
        (("train.validation.every=null",), 10, None),
    ],
)
def test_validation_is_automatic_where_there_are_rows(settings, chosen, rows: int, every):
    decided = decide_validation(settings(*chosen), rows).train.validation
    assert decided.interval == decided.every == every


@pytest.mark.parametrize(
    ("chosen", "source", "task", "l2"),
    [
        (("model=softmax",), "csv", "classification", 0.025),
        (("model=linear",), "csv", "classification", 0.025),
        (("model=polynomial",), "custom", "classification", 0.025),
        (("model=softmax", "train.regularization.l2=0"), "csv", "classification", 0),
        (("model=softmax",), "iris", "classification", 0),
        (("model=linear",), "csv", "regression", 0),
        (("model=mlp",), "csv", "classification", 0),
    ],
)
def test_classes_of_own_tables_have_a_small_penalty(settings, chosen, source, task, l2):
    dataset = dataclasses.replace(examples(40, task=task)[0], source=source)
    decided = decide_penalty(settings("train=full_batch", *chosen), dataset, 40)
    assert decided.train.regularization.l2 == decided.train.regularization.l2_factor == l2


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
        "begun",
        "preconditioner.npz",
        "checkpoint",
        "model.ckpt-40.data-00000-of-00001",
        "model.ckpt-40.index",
        "model.ckpt-50.data-00000-of-00001",
        "model.ckpt-50.index",
        "model.ckpt-50.meta",
    }
    assert str(tmp_path) not in (tmp_path / "kept/checkpoint").read_text()


def gradient_descent_by_hand(rate, steps: int, clip=lambda g: g, l2: float = 0.0, l1: float = 0.0):
    """Return weights and losses of y = xW + b, in float64."""
    dataset, rows = examples()
    scaling = dataset.encoding.scaling
    x = (rows.features - scaling.feature_mean) / scaling.feature_scale
    y = (rows.label - scaling.label_mean) / scaling.label_scale
    w, b, losses = np.zeros((3, 1)), np.zeros(1), []
    for step in range(steps):
        error = x @ w + b - y
        penalty = l2 * np.square(w).sum() / 2 + l1 * np.abs(w).sum()
        losses.append(np.mean(error**2) + penalty)
        gradient_w = 2 * x.T @ error / len(y) + l2 * w + l1 * np.sign(w)
        gradient_w, gradient_b = clip([gradient_w, 2 * error.mean(0)])
        w, b = w - rate(step) * gradient_w, b - rate(step) * gradient_b
    return w, losses


def plain(settings, *more: str):
    return settings(
        "device=cpu",
        "model.weights=zeros",
        "model.bias=zeros",
        "train.steps=40",
        "optimizer.learning_rate=0.1",
        "optimizer.precondition=false",
        *more,
    )


SCHEDULES = {
    ("schedule=exponential", "schedule.rate=0.5", "schedule.steps=10"): lambda s: 0.5 ** (s / 10),
    ("schedule=cosine", "schedule.floor=0.1"): lambda s: (
        0.1 + 0.9 * (1 + np.cos(np.pi * s / 40)) / 2
    ),
    ("schedule=piecewise", "schedule.boundaries=[10,20]", "schedule.factors=[1.0,0.5,0.1]"): (
        lambda s: 1.0 if s <= 10 else 0.5 if s <= 20 else 0.1
    ),
    ("schedule=warm_up", "schedule.steps=20"): lambda s: min((s + 1) / 20, 1),
}


@pytest.mark.parametrize("overrides", SCHEDULES, ids=lambda names: names[0])
def test_a_schedule_is_the_one_by_hand(settings, train, overrides):
    recorded, variables = train(plain(settings, *overrides))
    factor = SCHEDULES[overrides]
    weights, losses = gradient_descent_by_hand(lambda step: 0.1 * factor(step), 40)
    np.testing.assert_allclose(recorded[:, 1], [0.1 * factor(s) for s in range(40)], rtol=1e-5)
    np.testing.assert_allclose(recorded[:, 0], losses, rtol=1e-4)
    np.testing.assert_allclose(variables["network/weights"], weights, rtol=1e-4)


def by_value(gradients):
    return [np.clip(gradient, -0.2, 0.2) for gradient in gradients]


def by_norm(gradients):
    return [g * min(1, 0.2 / np.linalg.norm(g)) if g.any() else g for g in gradients]


def by_global_norm(gradients):
    norm = np.sqrt(sum(np.square(gradient).sum() for gradient in gradients))
    return [gradient * min(1, 0.2 / norm) for gradient in gradients]


@pytest.mark.parametrize(
    ("overrides", "by_hand"),
    [
        (["train.clipping={by: value, at: 0.2}"], {"clip": by_value}),
        (["train.clipping={by: norm, at: 0.2}"], {"clip": by_norm}),
        (["train.clipping={by: global_norm, at: 0.2}"], {"clip": by_global_norm}),
        (["train.regularization.l2=0.3"], {"l2": 0.3}),
        (["train.regularization.l1=0.3"], {"l1": 0.3}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_clipping_and_regularization_are_those_by_hand(settings, train, overrides, by_hand):
    losses, variables = train(plain(settings, *overrides))
    weights, expected = gradient_descent_by_hand(lambda _: 0.1, 40, **by_hand)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    np.testing.assert_allclose(variables["network/weights"], weights, rtol=1e-3, atol=1e-5)


EVERYTHING = (
    "model=mlp",
    "model.batch_normalization=true",
    "model.dropout=0.2",
    "optimizer=adam",
    "schedule=cosine",
    "train.clipping={by: global_norm, at: 1.0}",
    "train.regularization.l2=0.01",
    "train.steps=60",
    "train.checkpoint_every=25",
)


@pytest.mark.parametrize(
    ("overrides", "given"),
    [
        (EVERYTHING, {}),
        (("model=linear", "train.loss=huber", "train.steps=30"), {}),
        (
            ("model=linear", "train.loss=sigmoid_cross_entropy", "train.steps=30"),
            {"task": "classification"},
        ),
        (
            ("model=vgg", "model.filters=[4]", "optimizer=adam", "train.steps=12"),
            {"shape": (8, 8, 1), "task": "classification", "scaling": "unit"},
        ),
        (("model=siamese", "train.steps=40"), {"shape": (2, 2, 2, 1), "task": "similarity"}),
    ],
    ids=["regression", "huber", "sigmoid", "vgg", "siamese"],
)
def test_all_parts_together_learn_and_do_not_depend_on_steps_a_call(
    settings, train, tmp_path: Path, overrides, given
):
    chosen = settings(*BATCHES, "train.checkpoint_every=5", *overrides)
    data = examples(**given)
    recorded, variables = train(chosen, given=data)
    again, variables_again = train(chosen, call=1, given=data)
    assert recorded.tobytes() == again.tobytes()
    assert same(variables, variables_again)
    losses = recorded.reshape(len(recorded), -1)[:, 0]
    assert losses[-5:].mean() < losses[:5].mean()
    train(chosen, stop=chosen.train.steps // 2, call=4, folder=tmp_path / "killed", given=data)
    assert same(variables, train(chosen, folder=tmp_path / "killed", given=data)[1])


def test_minimization_records_where_it_was(settings, train):
    chosen = settings("experiment=sinc", "model.x=2.0", "train.steps=50", "device=cpu")
    data = examples(task="minimization", shape=(1,), scaling="none")
    recorded, variables = train(chosen, given=data)
    y, x = recorded.T
    np.testing.assert_allclose(y, 1 - np.sin(x) / x, atol=1e-6)
    assert x[0] == 2.0
    slope = (np.sin(2.0) - 2.0 * np.cos(2.0)) / 2.0**2
    assert x[1] == pytest.approx(2.0 - 0.5 * slope, rel=1e-5)
    assert abs(variables["network/x"][0]) < 0.01


def test_only_the_first_rows_train_where_asked(settings):
    assert settings("debug=overfit").train.rows == 32


def test_a_resume_leaves_what_is_kept_for_good(settings, train, tmp_path: Path):
    chosen = settings(
        "device=cpu", "train.steps=50", "train.checkpoint_every=10", "train.max_to_keep=1",
        "train.keep_checkpoint_every_n_hours=1e-9",
    )  # fmt: skip
    train(chosen, stop=30, folder=tmp_path / "killed")
    train(chosen, folder=tmp_path / "killed")
    kept = {file.name for file in (tmp_path / "killed").iterdir()}
    assert {"model.ckpt-10.index", "model.ckpt-20.index"} <= kept


def test_xla_and_several_devices_are_refused(settings, train, failure):
    with failure.raises(
        "XLA with variables on several devices",
        ConfigError,
        match=r"set train\.xla=false, or leave out device\.placement",
    ):
        train(settings("model=mlp", "device.placement={hidden_1: /cpu:1}", "train.xla=true"))
