"""A session drives values through a graph: fetches, feeds, devices, and random draws."""

import time

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.semantics

v1 = tf.compat.v1


def test_only_what_a_fetch_needs_is_computed(count, runs):
    needed = count("needed") + 1.0
    count("beside")
    tf.add(count("after"), needed)
    with v1.Session() as session:
        assert session.run(needed) == 2
    assert runs == ["needed"]


def test_an_operation_that_would_fail_does_no_harm_where_it_is_not_needed(graph):
    never = v1.placeholder_with_default(False, [])
    good = tf.constant(1.0)
    with tf.control_dependencies([tf.debugging.Assert(never, ["reached"])]):
        bad = tf.identity(good)
    with v1.Session() as session:
        assert session.run(good) == 1
        with pytest.raises(tf.errors.InvalidArgumentError, match="reached"):
            session.run(bad)


def test_an_operation_runs_once_for_a_fetch_call_even_when_two_fetches_need_it(count, runs):
    shared = count("shared")
    left, right = shared + 1.0, shared * 3.0
    with v1.Session() as session:
        assert session.run([left, right, shared, shared]) == [2, 3, 1, 1]
        assert runs == ["shared"]
        session.run(left)
        session.run(right)
    assert runs == ["shared"] * 3


def test_a_result_is_not_kept_for_the_next_fetch_call(count, runs):
    node = count("node")
    with v1.Session() as session:
        for _ in range(4):
            session.run(node)
    assert runs == ["node"] * 4


def test_control_dependencies_run_first_although_no_value_flows(count, runs):
    with tf.control_dependencies([count("first")]), tf.control_dependencies([count("second")]):
        last = count("last")
    with v1.Session() as session:
        session.run(last)
    assert runs == ["first", "second", "last"]


def test_a_fetch_has_the_structure_that_was_asked_for(graph):
    one, two = tf.constant(1, name="one"), tf.constant([2, 2], name="two")
    with v1.Session() as session:
        assert session.run(one) == 1
        assert session.run([one, (one, [one])]) == [1, (1, [1])]
        found = session.run({"a": two, "b": {"c": one}})
        assert found["a"].tolist() == [2, 2]
        assert found["b"] == {"c": 1}
        assert session.run(["one:0", one]) == [1, 1]


def test_fetched_tensors_are_numpy_values_and_fetched_operations_are_none(graph):
    scalar, vector = tf.constant(1.0), tf.constant([1.0])
    with v1.Session() as session:
        assert type(session.run(scalar)) is np.float32
        assert type(session.run(vector)) is np.ndarray
        assert session.run(scalar.op) is None


def test_a_placeholder_without_a_feed_fails_by_name(graph):
    features = v1.placeholder(tf.float32, [None, 4], name="features")
    with (
        v1.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match=r"feed a value.*'features'"),
    ):
        session.run(features * 2.0)


def test_a_placeholder_that_is_not_needed_needs_no_feed(graph):
    v1.placeholder(tf.float32, [])
    with v1.Session() as session:
        assert session.run(tf.constant(1.0)) == 1


def test_a_placeholder_can_have_a_default(graph):
    rate = v1.placeholder_with_default(0.5, [])
    with v1.Session() as session:
        assert session.run(rate * 2.0) == 1
        assert session.run(rate * 2.0, {rate: 3.0}) == 6


def test_a_feed_holds_for_one_call(graph):
    x = v1.placeholder(tf.float32, [], name="x")
    with v1.Session() as session:
        assert session.run(x, {x: 3.0}) == 3
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(x)


@pytest.mark.parametrize(
    "value", [[1, 2], (1.0, 2.0), np.array([1, 2]), np.array([1, 2], np.float64)]
)
def test_a_feed_is_cast_to_the_type_of_its_placeholder(graph, value):
    x = v1.placeholder(tf.float32, [None])
    with v1.Session() as session:
        fed = session.run(x, {x: value})
    np.testing.assert_array_equal(fed, np.array([1, 2], np.float32), strict=True)


def test_a_feed_that_is_no_number_or_a_tensor_is_refused(graph):
    x = v1.placeholder(tf.float32, [], name="x")
    with v1.Session() as session:
        with pytest.raises(ValueError, match="could not convert string to float"):
            session.run(x, {x: "text"})
        with pytest.raises(TypeError, match=r"cannot be a tf\.Tensor"):
            session.run(x, {x: tf.constant(1.0)})


def test_any_tensor_can_be_fed_and_what_led_to_it_is_not_computed(count, runs):
    hidden = count("input") * 10.0
    output = hidden + 1.0
    with v1.Session() as session:
        assert session.run(output, {hidden: 5.0}) == 6
        assert runs == []
        assert session.run(output) == 11
    assert runs == ["input"]


def test_a_constant_can_be_fed_for_one_call(graph):
    constant = tf.constant(2.0, name="constant")
    with v1.Session() as session:
        assert session.run(constant * 2.0, {"constant:0": 7.0}) == 14
        assert session.run(constant * 2.0) == 4


def test_a_tensor_can_be_protected_from_feeds(graph):
    kept = tf.constant(2.0, name="kept")
    graph.prevent_feeding(kept)
    with v1.Session() as session, pytest.raises(ValueError, match=r"kept:0.* may not be fed"):
        session.run(kept * 2.0, {kept: 7.0})


def test_a_session_refuses_what_is_not_in_its_graph(graph):
    tf.constant(1.0)
    with tf.Graph().as_default():
        foreign = tf.constant(1.0, name="foreign")
    with v1.Session() as session:
        with pytest.raises(ValueError, match=r"foreign:0.* is not an element of this graph"):
            session.run(foreign)
        with pytest.raises(ValueError, match="absent"):
            session.run("absent:0")
        with pytest.raises(TypeError, match="invalid type"):
            session.run(3)


def test_a_session_closed_by_hand_refuses_to_run(graph):
    constant = tf.constant(1.0)
    session = v1.Session()
    assert session.run(constant) == 1
    session.close()
    with pytest.raises(RuntimeError, match="closed Session"):
        session.run(constant)


def test_with_closes_a_session_also_after_an_error(graph):
    constant = tf.constant(1.0)
    with v1.Session() as session:
        session.run(constant)
    with pytest.raises(RuntimeError, match="closed Session"):
        session.run(constant)
    with pytest.raises(ZeroDivisionError), v1.Session() as failed:
        raise ZeroDivisionError
    with pytest.raises(RuntimeError, match="closed Session"):
        failed.run(constant)


def test_the_session_of_a_with_block_is_the_default_for_eval(graph):
    constant = tf.constant(1.0)
    with v1.Session() as session:
        assert v1.get_default_session() is session
        assert constant.eval() == 1
    with pytest.raises(ValueError, match="No default session"):
        constant.eval()


def test_a_session_takes_the_default_graph_of_the_moment_it_is_opened():
    first, second = tf.Graph(), tf.Graph()
    with first.as_default():
        session = v1.Session()
    with second.as_default(), session:
        assert session.graph is first


def test_a_node_added_while_a_session_is_open_can_be_fetched(graph):
    with v1.Session() as session:
        one = tf.constant(1.0)
        assert session.run(one) == 1
        assert session.run(one + 1.0) == 2


def test_a_callable_is_a_fetch_and_its_feeds_prepared_once(graph):
    x = v1.placeholder(tf.float32, [])
    with v1.Session() as session:
        call = session.make_callable(x * 2.0, [x])
        assert [call(value) for value in (np.float32(1), np.float32(2))] == [2, 4]


def test_a_run_can_have_a_time_limit(graph):
    queue = v1.FIFOQueue(1, tf.float32)
    nothing = queue.dequeue()
    options = v1.RunOptions(timeout_in_ms=50)
    start = time.monotonic()
    with v1.Session() as session, pytest.raises(tf.errors.DeadlineExceededError):
        session.run(nothing, options=options)
    assert time.monotonic() - start < 5


def test_a_random_operation_draws_again_at_each_fetch(graph):
    drawn = tf.random.normal([5], dtype=tf.float64)
    with v1.Session() as session:
        draws = [session.run(drawn) for _ in range(4)]
    assert len({draw.tobytes() for draw in draws}) == 4


def test_one_fetch_list_shares_one_draw(graph):
    drawn = tf.random.normal([5], dtype=tf.float64)
    with v1.Session() as session:
        one, other, twice = session.run([drawn, tf.identity(drawn), drawn * 2.0])
    assert one.tobytes() == other.tobytes() == (twice / 2).tobytes()


def test_two_random_operations_draw_apart_in_one_fetch_list(graph):
    with v1.Session() as session:
        one, other = session.run([tf.random.normal([5]), tf.random.normal([5])])
    assert one.tobytes() != other.tobytes()


def test_a_value_drawn_by_numpy_stays(graph):
    drawn = tf.constant(np.random.default_rng(0).normal(size=5))
    with v1.Session() as session:
        draws = [session.run(drawn) for _ in range(3)]
    expected = np.random.default_rng(0).normal(size=5)
    assert all(draw.tobytes() == expected.tobytes() for draw in draws)


def test_a_draw_kept_in_a_variable_stays(graph):
    kept = v1.get_variable("kept", initializer=tf.random.normal([5]))
    with v1.Session() as session:
        session.run(kept.initializer)
        assert session.run(kept).tobytes() == session.run(kept).tobytes()


@pytest.mark.parametrize("seeds", [{"graph": 1}, {"op": 1}, {"graph": 1, "op": 2}])
def test_seeded_random_operations_draw_the_same_sequence_in_every_session(seeds):
    def draws() -> list[bytes]:
        with tf.Graph().as_default():
            if "graph" in seeds:
                v1.set_random_seed(seeds["graph"])
            drawn = tf.random.normal([5], seed=seeds.get("op"))
            sequences = []
            for _ in range(2):
                with v1.Session() as session:
                    sequences.append([session.run(drawn).tobytes() for _ in range(3)])
        assert sequences[0] == sequences[1]
        return sequences[0]

    first = draws()
    assert first == draws()
    assert len(set(first)) == 3


def test_without_a_seed_every_session_draws_another_sequence(graph):
    drawn = tf.random.normal([5])
    found = set()
    for _ in range(2):
        with v1.Session() as session:
            found.add(session.run(drawn).tobytes())
    assert len(found) == 2


def test_under_a_graph_seed_a_draw_depends_on_how_many_random_operations_came_before_it():
    def drawn(before) -> bytes:
        with tf.Graph().as_default(), v1.Session() as session:
            v1.set_random_seed(1)
            before()
            return session.run(tf.random.normal([5])).tobytes()

    alone = drawn(lambda: None)
    assert drawn(lambda: tf.constant(0)) == alone
    assert drawn(lambda: tf.random.uniform([2])) != alone


def test_a_stateless_random_operation_depends_on_its_seed_and_on_nothing_else():
    def drawn(seed: list[int], nodes_before: int = 0) -> list[bytes]:
        with tf.Graph().as_default(), v1.Session() as session:
            for _ in range(nodes_before):
                tf.random.normal([5])
            node = tf.random.stateless_normal([5], seed)
            return [session.run(node).tobytes() for _ in range(2)]

    one, two = drawn([1, 2])
    assert one == two
    assert drawn([1, 2], nodes_before=3) == [one, one]
    assert drawn([1, 3])[0] != one
    assert tf.random.stateless_normal([5], [1, 2]).numpy().tobytes() == one


def test_a_device_that_is_not_there_is_refused_when_the_node_runs(graph):
    with tf.device("/GPU:7"):
        product = tf.matmul([[1.0]], [[2.0]])
    with (
        v1.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match=r"Cannot assign a device.*GPU:7"),
    ):
        session.run(product)


def test_soft_placement_runs_such_a_node_elsewhere(graph):
    with tf.device("/GPU:7"):
        product = tf.matmul([[1.0]], [[2.0]])
    with v1.Session(config=v1.ConfigProto(allow_soft_placement=True)) as session:
        assert session.run(product).tolist() == [[2.0]]
    assert product.device == "/device:GPU:7"


def ran_on(device: str, config: v1.ConfigProto | None = None) -> str:
    """Return the device on which a node that was meant for `device` ran."""
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [1, 1])
        with tf.device(device):
            product = tf.matmul(x, x, name="product")
        config = config or v1.ConfigProto(device_count={"CPU": 2})
        options = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)
        record = v1.RunMetadata()
        with v1.Session(config=config) as session:
            session.run(product, {x: [[2.0]]}, options=options, run_metadata=record)
    (found,) = {
        found.device
        for found in record.step_stats.dev_stats
        for node in found.node_stats
        if node.node_name.split(":")[0] == "product"
    }
    return found.removeprefix("/job:localhost/replica:0/task:0")


@pytest.mark.parametrize("device", ["/CPU:0", "/cpu:0", "/CPU:1", "/cpu:1", "/device:CPU:1"])
def test_a_node_runs_on_the_device_that_was_chosen_by_hand(device):
    assert ran_on(device) == f"/device:CPU:{device[-1]}"


def test_a_node_without_a_device_runs_on_the_first(graph):
    assert ran_on("") == "/device:CPU:0"


def test_log_device_placement_shows_where_each_operation_runs(capfd):
    ran_on("/CPU:1", v1.ConfigProto(device_count={"CPU": 2}, log_device_placement=True))
    shown = "".join(capfd.readouterr())
    assert "product: (MatMul): /job:localhost/replica:0/task:0/device:CPU:1" in shown


def test_parts_of_one_fetch_run_on_several_devices(graph):
    shares = []
    x = v1.placeholder(tf.float64, [None, 3])
    for place, rows in enumerate(tf.split(x, 2)):
        with tf.device(f"/CPU:{place}"):
            shares.append(tf.reduce_sum(rows, 0))
    total = tf.add_n(shares)
    values = np.arange(12.0).reshape(4, 3)
    with v1.Session(config=v1.ConfigProto(device_count={"CPU": 2})) as session:
        assert len(session.list_devices()) == 2
        np.testing.assert_array_equal(session.run(total, {x: values}), values.sum(0))


def test_sessions_on_one_server_share_the_memory_of_its_variables(graph):
    server = tf.distribute.Server.create_local_server()
    weights = v1.get_variable("weights", initializer=1.0)
    with v1.Session(server.target) as session:
        session.run(weights.assign(5.0))
    with v1.Session(server.target) as another:
        assert another.run(weights) == 5
