"""Initial values: distributions, numbers, files; one by one where wanted."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ConfigError
from pipeline.graph import variables as initial
from pipeline.graph.variables import GraphVariables, initial_value
from pipeline.schema import base as basis
from pipeline.workspace import Workspace

v1 = tf.compat.v1


@pytest.mark.parametrize(
    ("given", "mean", "deviation"),
    [
        ("zeros", 0, 0),
        ("ones", 1, 0),
        (2.5, 2.5, 0),
        ("random_normal", 0, 1),
        ({"name": "random_normal", "mean": 3, "stddev": 0.5}, 3, 0.5),
        ("truncated_normal", 0, 0.8796),
        ("random_uniform", 0.5, 12**-0.5),
        ({"name": "random_uniform", "minval": -2, "maxval": 2}, 0, 4 / 12**0.5),
        ("glorot_uniform", 0, (2 / 500) ** 0.5),
        ("glorot_normal", 0, (2 / 500) ** 0.5),
        ("he_uniform", 0, (2 / 200) ** 0.5),
        ("he_normal", 0, (2 / 200) ** 0.5),
        ("orthogonal", 0, 300**-0.5),
    ],
    ids=str,
)
def test_initial_values_have_the_stated_mean_and_spread(given, mean, deviation):
    values = initial_value("w", (200, 300), given, seed=0).numpy()
    assert values.mean() == pytest.approx(mean, abs=0.02)
    assert values.std() == pytest.approx(deviation, rel=0.02)


def test_the_schema_knows_the_distributions():
    assert set(initial.DISTRIBUTIONS) == set(basis.DISTRIBUTIONS)


def test_a_filter_counts_with_its_area():
    values = initial_value("w", (5, 5, 8, 400), "he_normal", seed=0).numpy()
    assert values.std() == pytest.approx((2 / 200) ** 0.5, rel=0.02)


def test_orthogonal_columns_are_at_right_angles():
    values = initial_value("w", (30, 10), {"name": "orthogonal", "gain": 2.0}, seed=0).numpy()
    np.testing.assert_allclose(values.T @ values, 4 * np.eye(10), atol=1e-5)


def test_values_depend_on_seed_and_name_and_not_on_order():
    draw = [
        initial_value(name, (3,), "random_normal", seed).numpy().tobytes()
        for name, seed in (("a", 0), ("b", 0), ("a", 1), ("a", 0))
    ]
    assert draw[0] == draw[3]
    assert len(set(draw)) == 3


def test_numbers_and_files_are_taken_as_they_are(tmp_path):
    np.save(tmp_path / "w.npy", np.arange(6).reshape(2, 3))
    from_file = initial_value("w", (2, 3), tmp_path / "w.npy", seed=0).numpy()
    np.testing.assert_array_equal(from_file, [[0, 1, 2], [3, 4, 5]])
    row = initial_value("w", (2, 3), [7, 8, 9], seed=0).numpy()
    np.testing.assert_array_equal(row, [[7, 8, 9], [7, 8, 9]])


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"numbers of shape \(2,\) do not fit its shape \(3,\)"):
        initial_value("w", (3,), [1, 2], seed=0)
    (tmp_path / "w.npy").write_bytes(b"no array")
    with pytest.raises(ConfigError, match="cannot be read"):
        initial_value("w", (3,), tmp_path / "w.npy", seed=0)


def test_single_variables_have_initial_values_of_their_own(settings):
    chosen = settings("model=mlp", "model.hidden=[4]", "+model.initial={hidden_1/bias: 0.5}")
    with tf.Graph().as_default(), v1.Session() as session:
        variables = GraphVariables(Workspace.here(), 0, chosen.model.initial)
        half, zero = variables("hidden_1/bias", [4], "zeros"), variables("bias", [4], "zeros")
        session.run(v1.global_variables_initializer())
        assert session.run(half).tolist() == [0.5] * 4
        assert session.run(zero).tolist() == [0.0] * 4
        variables.require_known()
        misspelt = GraphVariables(Workspace.here(), 0, {"hidden_1/bia": 1})
        misspelt("hidden_1/bias", [4], "zeros")
        with pytest.raises(ConfigError, match="no 'hidden_1/bia'; nearest: hidden_1/bias"):
            misspelt.require_known()
