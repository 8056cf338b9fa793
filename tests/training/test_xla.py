"""`train.xla=auto` decides from a table; what XLA cannot compile is told in one message."""

import json
import logging
import sys
import time

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.graph import tf
from pipeline.training.xla import Work, choose, decide_xla, least_steps, measure_work
from pipeline.training.xla_table import TABLE
from pipeline.workspace import Workspace

from ..small import examples, job_of

MLP = ("model=mlp", "model.hidden=[64,64]", "optimizer=adam", "train.batch_size=256")
LENET = (
    "model=lenet",
    "model.filters=[2,3]",
    "model.hidden=[8]",
    "model.dropout=0",
    "optimizer=adam",
)
IMAGES = {"shape": (9, 9, 1), "task": "classification"}


@pytest.fixture
def job(settings, tmp_path):
    def make(*overrides: str, shape: tuple[int, ...] = (32,), task: str = "regression"):
        chosen = settings("device=cpu", "train=minibatch", *overrides)
        return job_of(chosen, tmp_path, examples(2000, shape, task))

    return make


def test_a_long_training_of_small_products_is_compiled_and_a_short_one_is_not(job, caplog):
    caplog.set_level(logging.INFO)
    assert decide_xla(job(*MLP, "train.steps=10_000_000")).settings.train.xla is True
    assert "train.xla=auto: yes; " in caplog.text
    assert decide_xla(job(*MLP, "train.steps=100")).settings.train.xla is False
    assert "train.xla=auto: no; " in caplog.text


def test_the_article_is_too_short():
    assert not choose(Work("cpu", "one output", 4000 * 4), 1000)[0]


def test_convolutions_on_a_cpu_are_not_compiled(job):
    decided = decide_xla(job(*LENET, "train.steps=10_000_000", **IMAGES))
    assert decided.settings.train.xla is False


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        ((*MLP, "device.placement={hidden_1: /cpu:1}"), "XLA compiles for one device"),
        (("model=custom", "model._target_=benchmarks.regression.main"), "was not measured"),
    ],
    ids=["placed", "custom"],
)
def test_what_is_never_compiled_says_why(job, caplog, overrides: tuple[str, ...], why: str):
    caplog.set_level(logging.INFO)
    decided = decide_xla(job(*overrides, "train.steps=10_000_000"))
    assert decided.settings.train.xla is False
    assert why in caplog.text


@pytest.mark.parametrize(("steps", "compiled"), [(100, False), (10_000_000, True)])
def test_streamed_rows_are_compiled_as_held_ones_are(job, steps: int, compiled: bool):
    for stream in ("true", "false"):
        chosen = ("train=stream", "train.window=256", f"train.steps={steps}")
        decided = decide_xla(job(*MLP, *chosen, "train.batch_size=256", f"train.stream={stream}"))
        assert decided.settings.train.xla is compiled


def test_what_is_configured_is_kept(job):
    for xla in ("true", "false"):
        given = job(*MLP, f"train.xla={xla}")
        assert decide_xla(given) is given


def test_compiling_what_gets_slower_is_warned_of(job, caplog):
    decide_xla(job(*LENET, "train.xla=true", **IMAGES))
    assert "µs compiled, and" in caplog.text
    assert "µs not, on a CPU; train.xla=auto compiles what gets faster" in caplog.text
    caplog.clear()
    decide_xla(job(*MLP, "train.xla=true"))
    decide_xla(job("model=custom", "model._target_=benchmarks.regression.main", "train.xla=true"))
    assert not caplog.text


def test_no_clock_decides(job, monkeypatch, caplog):
    given = job(*MLP, "train.steps=10_000_000")
    caplog.set_level(logging.ERROR)  # a message has a time

    def fail() -> float:
        raise AssertionError("somebody asks what time it is")

    for name in ("time", "monotonic", "perf_counter", "process_time", "time_ns"):
        monkeypatch.setattr(time, name, fail)
    monkeypatch.setattr(tf.compat.v1, "Session", fail)
    answers = {decide_xla(given).settings.train.xla for _ in range(3)}
    assert answers == {True}


def test_the_answer_is_of_the_kind_of_device_and_the_steps_alone():
    work = Work("cpu", "dense", 1_500_000)
    (row,) = (row for row in TABLE if (row.device, row.products) == ("cpu", 1_589_248))
    least = least_steps(row)
    assert least is not None
    assert [choose(work, steps)[0] for steps in (least - 1, least)] == [False, True]
    assert choose(Work("gpu", "convolutional", 10**9), 10**9)[0] is False


def test_the_work_of_a_step_counts_products(job, settings, tmp_path):
    assert measure_work(job(*MLP)) == Work("cpu", "dense", 256 * (32 * 64 + 64 * 64 + 64))
    given = job_of(settings("device=cpu", "model=linear"), tmp_path, examples(100, (4,)))
    assert measure_work(given) == Work("cpu", "one output", 400)
    given = job_of(
        settings("device=cpu", "model=softmax"), tmp_path, examples(100, (4,), "classification")
    )
    assert measure_work(given) == Work("cpu", "linear", 100 * 4 * 3)
    images = job(*LENET, "train.batch_size=10", **IMAGES)
    products = 81 * 25 * 2 + 25 * 25 * 2 * 3 + 27 * 8 + 8 * 3
    assert measure_work(images) == Work("cpu", "convolutional", 10 * products)


@pytest.mark.slow
def test_lenet_compiles_with_deterministic_operations(settings, train):
    chosen = ("device=cpu", "train=minibatch", "train.batch_size=16", "train.steps=3", *LENET)
    given = examples(64, **IMAGES)
    compiled, variables = train(settings(*chosen, "train.xla=true"), given=given)
    again, same = train(settings(*chosen, "train.xla=true"), given=given)
    plain, others = train(settings(*chosen, "train.xla=false"), given=given)
    np.testing.assert_allclose(compiled, plain, rtol=1e-4)
    np.testing.assert_array_equal(compiled, again)
    for name, value in variables.items():
        np.testing.assert_array_equal(value, same[name])
        np.testing.assert_allclose(value, others[name], rtol=1e-3, atol=1e-4)


NETWORKS = """
import tensorflow as tf


def pooled(options, features, outputs, variables, training):
    images = tf.reshape(features, [-1, 8, 8, 1]) * variables("scale", [1], 1)
    pooled = tf.reshape(tf.nn.max_pool2d(images, 2, 2, "SAME"), [-1, 16])
    return tf.matmul(pooled, variables("weights", [16, outputs], 0))


def written(options, features, outputs, variables, training):
    numbers = tf.strings.to_number(tf.strings.as_string(tf.reshape(features, [-1, 64])))
    return tf.matmul(numbers, variables("weights", [64, outputs], 0))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "why"),
    [("pooled", "MaxPool gradient ops"), ("written", "unsupported operations")],
)
def test_what_xla_cannot_compile_is_refused(run, folder, failure, network: str, why: str):
    sys.modules.pop("nets", None)  # of another test's folder
    (folder / "nets.py").write_text(NETWORKS, encoding="utf-8")
    custom = ("model=custom", f"model._target_=nets.{network}", "data=digits", "train.xla=true")
    with failure.raises(
        f"XLA cannot compile a network: {network}",
        ConfigError,
        match=rf"XLA cannot compile the training \(.*{why}.*\); set train\.xla=false",
    ):
        run(*custom, "train.steps=3")


@pytest.mark.slow
def test_auto_compiles_a_long_training_in_a_stage(run):
    (row,) = (row for row in TABLE if (row.device, row.products) == ("cpu", 16_000))
    run(f"train.steps={least_steps(row)}", "train.log_every=1000", "train.checkpoint_every=10000")
    assert json.loads(Workspace.here().placement.read_text())["xla"] is True
