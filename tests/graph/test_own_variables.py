"""A network that creates its variables with plain `tf.compat.v1.get_variable`."""

import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ConfigError
from pipeline.models.forms import checkpoint
from pipeline.workspace import Workspace

from ..conftest import Run

pytestmark = pytest.mark.slow

NETWORKS = """
import tensorflow as tf

v1 = tf.compat.v1


def plain(options, features, outputs, training):
    values = features
    for layer in ("one", "two"):
        with v1.variable_scope(layer):
            weights = v1.get_variable("w", [values.shape[1], 6])
            bias = v1.get_variable("b", [6], initializer=v1.zeros_initializer())
            scale = v1.get_variable("scale", initializer=tf.ones([6]), trainable=False)
            values = tf.nn.relu(tf.matmul(values, weights) + bias) * scale
    with v1.variable_scope("out", reuse=v1.AUTO_REUSE):
        normal = v1.truncated_normal_initializer(stddev=0.1)
        weights = v1.get_variable("w", [6, outputs], tf.float32, normal)
        weights = v1.get_variable("w", [6, outputs])
        return tf.matmul(values, weights)


def written(options, features, outputs, variables, training):
    values = features
    for layer in ("one", "two"):
        weights = variables(f"{layer}/w", [values.shape[1], 6], options[layer])
        values = tf.nn.relu(tf.matmul(values, weights) + variables(f"{layer}/b", [6], 0))
        values = values * variables(f"{layer}/scale", [6], 1, trainable=False)
    return tf.matmul(values, variables("out/w", [6, outputs], options["out"]))


def loose(options, features, outputs, training):
    return tf.matmul(features, tf.Variable(tf.ones([10, 1]), name="loose"))
"""

COMMON = ("data=diabetes", "optimizer=adam", "train=minibatch", "train.batch_size=32")


@pytest.fixture
def networks(folder: Path):
    sys.modules.pop("nets", None)  # of another test's folder
    (folder / "nets.py").write_text(NETWORKS, encoding="utf-8")


def test_plain_variables_end_as_those_of_the_argument(run: Run, folder: Path, networks):
    plain = ("model=custom", "model._target_=nets.plain", *COMMON)
    assert run(*plain, "train.steps=1", "optimizer.learning_rate=1e-30")["parity"]["passed"]
    begun = checkpoint.read_variables(Workspace.here().checkpoint)
    initial = []
    for layer in ("one", "two", "out"):
        np.save(folder / f"{layer}.npy", begun[f"network/{layer}/w"])
        initial.append(f"{layer}/w: {layer}.npy")
    assert run(*plain, "train.steps=40")["parity"]["passed"]
    trained = checkpoint.read_variables(Workspace.here().checkpoint)
    options = "model.options={one: ones, two: ones, out: ones}"
    given = "model.initial={" + ", ".join(initial) + "}"
    run("model=custom", "model._target_=nets.written", *COMMON, options, given, "train.steps=40")
    expected = checkpoint.read_variables(Workspace.here().checkpoint)
    assert trained.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(trained[name], value, err_msg=name)
    run(*plain, "train.steps=1", "optimizer.learning_rate=1e-30", "seed=1")
    other = checkpoint.read_variables(Workspace.here().checkpoint)
    for layer in ("one", "two", "out"):
        assert not np.array_equal(begun[f"network/{layer}/w"], other[f"network/{layer}/w"])


def test_a_variable_that_no_checkpoint_would_hold_is_refused(run: Run, networks, failure):
    what = "Network that creates a variable by itself"
    with failure.raises(what, ConfigError, match="'?loose'? itself; create it with .*get_variable"):
        run("model=custom", "model._target_=nets.loose", *COMMON, "train.steps=3")
