"""Variables are the memory of a session: named, typed, initialized, shared, and trained."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.semantics

v1 = tf.compat.v1


def test_an_uninitialized_variable_fails_by_name(graph):
    weights = v1.get_variable("weights", [2])
    with (
        v1.Session() as session,
        pytest.raises(tf.errors.FailedPreconditionError, match="variable weights"),
    ):
        session.run(weights)


def test_all_variables_are_initialized_at_once(graph):
    for name in ("a", "b", "c"):
        v1.get_variable(name, [2])
    missing = v1.report_uninitialized_variables()
    initialize = v1.global_variables_initializer()
    with v1.Session() as session:
        assert session.run(missing).tolist() == [b"a", b"b", b"c"]
        session.run(initialize)
        assert session.run(missing).tolist() == []


def test_only_some_variables_are_initialized(graph):
    a, b, c = (v1.get_variable(name, initializer=1.0) for name in ("a", "b", "c"))
    missing = v1.report_uninitialized_variables()
    with v1.Session() as session:
        session.run(v1.variables_initializer([a, c]))
        assert session.run([a, c]) == [1, 1]
        assert session.run(missing).tolist() == [b"b"]
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(b)


def test_the_initializer_of_all_knows_only_the_variables_built_before_it(graph):
    v1.get_variable("before", initializer=1.0)
    initialize = v1.global_variables_initializer()
    v1.get_variable("after", initializer=1.0)
    missing = v1.report_uninitialized_variables()
    with v1.Session() as session:
        session.run(initialize)
        assert session.run(missing).tolist() == [b"after"]


def test_initializing_again_starts_over(graph):
    counter = v1.get_variable("counter", initializer=0)
    with v1.Session() as session:
        session.run(counter.initializer)
        session.run(counter.assign_add(5))
        session.run(counter.initializer)
        assert session.run(counter) == 0


def test_variables_keep_their_values_between_runs(graph):
    counter = v1.get_variable("counter", initializer=0)
    step = counter.assign_add(1)
    with v1.Session() as session:
        session.run(counter.initializer)
        assert [session.run(step) for _ in range(3)] == [1, 2, 3]
        assert session.run(counter) == 3


def test_variables_do_not_keep_their_values_between_sessions(graph):
    counter = v1.get_variable("counter", initializer=0)
    with v1.Session() as session:
        session.run(counter.initializer)
    with v1.Session() as session, pytest.raises(tf.errors.FailedPreconditionError):
        session.run(counter)


def test_two_sessions_on_one_graph_have_variables_of_their_own(graph):
    counter = v1.get_variable("counter", initializer=0)
    step = counter.assign_add(1)
    with v1.Session() as one, v1.Session() as other:
        for session in (one, other):
            session.run(counter.initializer)
        one.run(step)
        assert (one.run(counter), other.run(counter)) == (1, 0)


GIVEN = np.random.default_rng(4).normal(size=(200, 100)).astype(np.float32)


@pytest.mark.parametrize(
    ("initial", "holds"),
    [
        (v1.constant_initializer(2.5), lambda v: (v == 2.5).all()),
        (v1.zeros_initializer(), lambda v: (v == 0).all()),
        (v1.ones_initializer(), lambda v: (v == 1).all()),
        (
            v1.random_normal_initializer(1, 3, seed=0),
            lambda v: abs(v.mean() - 1) < 0.1 and abs(v.std() - 3) < 0.1 and abs(v).max() > 7,
        ),
        (
            v1.truncated_normal_initializer(0, 1, seed=0),
            lambda v: abs(v.mean()) < 0.03 and abs(v.std() - 0.8796) < 0.03 and abs(v).max() <= 2,
        ),
        (
            v1.random_uniform_initializer(-1, 3, seed=0),
            lambda v: -1 <= v.min() < -0.99 and 2.99 < v.max() < 3 and abs(v.mean() - 1) < 0.05,
        ),
        (v1.constant_initializer(GIVEN), lambda v: v.tobytes() == GIVEN.tobytes()),
    ],
    ids=["constant", "zeros", "ones", "normal", "truncated normal", "uniform", "array"],
)
def test_an_initializer_gives_the_values_of_its_name(graph, initial, holds):
    weights = v1.get_variable("weights", [200, 100], initializer=initial)
    with v1.Session() as session:
        session.run(weights.initializer)
        found = session.run(weights)
    assert (found.shape, found.dtype) == ((200, 100), np.float32)
    assert holds(found)


@pytest.mark.parametrize(
    ("initial", "dtype"),
    [
        (3, tf.int32),
        (3.0, tf.float32),
        (np.float64(3), tf.float64),
        (np.full((2, 2), 3), tf.int64),
        ([3.0, 3.0], tf.float32),
    ],
)
def test_numbers_lists_and_arrays_are_initial_values_and_set_the_type(graph, initial, dtype):
    made = v1.Variable(initial)
    assert made.dtype.base_dtype == dtype
    with v1.Session() as session:
        session.run(made.initializer)
        expected = np.asarray(initial, dtype.as_numpy_dtype)
        np.testing.assert_array_equal(session.run(made), expected, strict=True)


def test_a_seeded_initializer_gives_the_same_values_in_every_session(graph):
    seeded = v1.get_variable("seeded", [9], initializer=v1.random_normal_initializer(seed=3))
    free = v1.get_variable("free", [9], initializer=v1.random_normal_initializer())
    found = []
    for _ in range(2):
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            found.append(session.run([seeded, free]))
    assert found[0][0].tobytes() == found[1][0].tobytes()
    assert found[0][1].tobytes() != found[1][1].tobytes()


def test_an_initial_value_can_come_from_another_variable(graph):
    first = v1.Variable(tf.random.normal([5]))
    second = v1.Variable(first.initial_value * 2.0)
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        one, two = session.run([first, second])
    assert (one * 2).tobytes() == two.tobytes()


def test_a_variable_is_named_and_typed(graph):
    weights = v1.get_variable("weights", [4, 1], tf.float64)
    assert (weights.name, weights.op.name) == ("weights:0", "weights")
    assert (weights.shape.as_list(), weights.dtype) == ([4, 1], tf.float64)
    with pytest.raises(ValueError, match="are incompatible"):
        weights.assign(np.zeros((3, 1)))
    with pytest.raises(ValueError, match="requested dtype float64 for Tensor with dtype float32"):
        weights.assign(tf.zeros([4, 1], tf.float32))


def test_graphs_list_their_variables(graph):
    weights = v1.get_variable("weights", [2])
    steps = v1.get_variable("steps", [], tf.int64, trainable=False)
    assert v1.global_variables() == [weights, steps]
    assert v1.trainable_variables() == [weights]


def test_a_second_variable_of_one_name_is_refused_by_get_variable(graph):
    v1.get_variable("weights", [2])
    with pytest.raises(ValueError, match="weights already exists"):
        v1.get_variable("weights", [2])


def test_the_constructor_renames_where_get_variable_refuses(graph):
    assert [v1.Variable(0.0, name="weights").name for _ in range(2)] == ["weights:0", "weights_1:0"]


def layer(x: tf.Tensor) -> tf.Tensor:
    return tf.matmul(x, v1.get_variable("weights", [2, 2]))


def test_a_variable_scope_prefixes_the_names_in_it(graph):
    with v1.variable_scope("encoder"), v1.variable_scope("layer_1"):
        output = layer(tf.ones([1, 2]))
    assert [v.op.name for v in v1.global_variables()] == ["encoder/layer_1/weights"]
    assert output.op.name == "encoder/layer_1/MatMul"


def test_get_variable_ignores_name_scopes(graph):
    with v1.name_scope("outer"):
        assert v1.get_variable("weights", [2]).name == "weights:0"
        assert v1.Variable(0.0, name="other").name == "outer/other:0"


def test_reuse_shares_a_variable(graph):
    left, right = (v1.placeholder(tf.float32, [1, 2]) for _ in range(2))
    with v1.variable_scope("twin"):
        one = layer(left)
    with v1.variable_scope("twin", reuse=True):
        other = layer(right)
    (shared,) = v1.global_variables()
    with v1.Session() as session:
        session.run(shared.initializer)
        feed = {left: [[1, 2]], right: [[1, 2]]}
        for _ in range(2):
            assert np.array_equal(*session.run([one, other], feed))
            session.run(shared.assign_add(tf.ones([2, 2])))


def test_a_shared_variable_gets_the_sum_of_the_gradients(graph):
    with v1.variable_scope("twin", reuse=v1.AUTO_REUSE):
        one = v1.get_variable("weight", initializer=1.0) * 3.0
        other = v1.get_variable("weight", initializer=1.0) * 4.0
    (shared,) = v1.global_variables()
    with v1.Session() as session:
        assert session.run(tf.gradients(one + other, shared)) == [7]


def test_reuse_refuses_a_variable_that_is_not_there_or_has_another_shape(graph):
    with v1.variable_scope("layer"):
        v1.get_variable("weights", [2])
    with v1.variable_scope("layer", reuse=True):
        with pytest.raises(ValueError, match="layer/bias does not exist"):
            v1.get_variable("bias", [2])
        with pytest.raises(ValueError, match=r"layer/weights.*shape \(3,\).*shape \(2,\)"):
            v1.get_variable("weights", [3])


def test_automatic_reuse_makes_at_first_and_shares_afterwards(graph):
    made = []
    for _ in range(3):
        with v1.variable_scope("layer", reuse=v1.AUTO_REUSE):
            made.append(v1.get_variable("weights", [2]))
    assert made[0] is made[1] is made[2]


def test_a_train_step_moves_the_trainable_variables_down_the_gradient(graph):
    weight = v1.get_variable("weight", initializer=3.0)
    fixed = v1.get_variable("fixed", initializer=2.0, trainable=False)
    step = v1.train.get_or_create_global_step()
    loss = tf.square(weight * fixed)
    train = v1.train.GradientDescentOptimizer(0.05).minimize(loss, global_step=step)
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        session.run(train)
        # d loss / d weight = 2 · weight · fixed² = 24
        assert session.run([weight, fixed, step]) == pytest.approx([3 - 0.05 * 24, 2, 1])


def test_a_train_step_moves_only_the_variables_of_its_list(graph):
    head, body = (v1.get_variable(name, initializer=1.0) for name in ("head", "body"))
    train = v1.train.GradientDescentOptimizer(0.1).minimize(head * body, var_list=[head])
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        session.run(train)
        assert session.run([head, body]) == pytest.approx([0.9, 1.0])


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (v1.train.GradientDescentOptimizer(0.1), 0),
        (v1.train.AdamOptimizer(0.1), 4),  # two moments, two powers of beta
        (v1.train.AdadeltaOptimizer(100.0), 2),
        (v1.train.AdagradOptimizer(1.0), 1),
        (v1.train.FtrlOptimizer(1.0), 2),
    ],
    ids=["GradientDescent", "Adam", "Adadelta", "Adagrad", "Ftrl"],
)
def test_an_optimizer_learns_and_keeps_its_state_in_variables(graph, optimizer, slots):
    weight = v1.get_variable("weight", initializer=2.0)
    loss = tf.square(weight - 5.0)
    train = optimizer.minimize(loss)
    assert v1.trainable_variables() == [weight]
    assert len(v1.global_variables()) == 1 + slots
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        for _ in range(100):
            session.run(train)
        assert session.run(loss) < 1


def test_the_six_steps_reach_the_least_squares_solution(graph):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 4))
    y = x @ [[1.0], [-2.0], [0.5], [3.0]] + 4 + generator.normal(0, 0.1, (200, 1))

    features = v1.placeholder(tf.float64, [None, 4])
    label = v1.placeholder(tf.float64, [None, 1])
    weights = v1.get_variable("weights", [4, 1], tf.float64, v1.random_normal_initializer(seed=0))
    bias = v1.get_variable("bias", [1], tf.float64, v1.ones_initializer())
    prediction = tf.matmul(features, weights) + bias
    loss = tf.reduce_mean(tf.square(prediction - label))
    train = v1.train.GradientDescentOptimizer(0.2).minimize(loss)
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        for _ in range(1000):
            session.run(train, {features: x, label: y})
        found = np.vstack(session.run([weights, bias[:, None]]))

    expected = np.linalg.lstsq(np.hstack([x, np.ones((200, 1))]), y)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_gradient_descent_on_a_variable_finds_a_minimum(graph):
    x = v1.get_variable("x", initializer=np.float64(2))
    y = 1.0 - tf.sin(x) / x
    train = v1.train.GradientDescentOptimizer(0.5).minimize(y)
    with v1.Session() as session:
        session.run(x.initializer)
        seen = []
        for _ in range(60):
            seen.append(session.run(y))
            session.run(train)
        assert np.all(np.diff(seen) < 0)
        assert session.run([x, y]) == pytest.approx([0, 0], abs=1e-3)
