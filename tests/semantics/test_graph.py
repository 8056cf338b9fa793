"""A graph is a value: nodes and edges are laid out first, and nothing is computed."""

import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.semantics

v1 = tf.compat.v1


def test_building_computes_nothing(count, runs):
    node = count("node") * 2
    assert runs == []
    with v1.Session() as session:
        assert session.run(node) == 2
    assert runs == ["node"]


def test_an_impossible_computation_can_be_built_and_fails_when_it_runs(graph):
    singular = tf.linalg.inv(v1.placeholder_with_default(np.zeros((2, 2)), [2, 2]))
    with v1.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="invertible"):
        session.run(singular)


def test_a_node_prints_symbolically_in_graph_mode_and_as_a_value_eagerly(capsys):
    with tf.Graph().as_default():
        print(tf.add([1.0, 2.0], 3.0, name="total"))
    print(tf.add([1.0, 2.0], 3.0, name="total"))
    symbolic, value = capsys.readouterr().out.splitlines()
    assert symbolic == 'Tensor("total:0", shape=(2,), dtype=float32)'
    assert value == "tf.Tensor([4. 5.], shape=(2,), dtype=float32)"


def test_nodes_are_operations_and_edges_are_tensors(graph):
    left, right = tf.constant(1.0, name="left"), tf.constant(2.0, name="right")
    total = tf.add(left, right, name="total")
    assert [node.name for node in graph.get_operations()] == ["left", "right", "total"]
    assert list(total.op.inputs) == [left, right]
    assert left.consumers() == [total.op]


def test_one_operation_can_have_several_outputs_or_none(graph):
    values, indices = tf.math.top_k(tf.constant([3.0, 5.0, 4.0]), k=2, name="best")
    nothing = tf.no_op(name="nothing")
    assert (values.name, indices.name) == ("best:0", "best:1")
    assert values.op is indices.op
    assert list(nothing.outputs) == []


def test_a_graph_has_no_cycles_because_inputs_are_older_than_their_operation(graph):
    weights = v1.get_variable("weights", [3, 1])
    loss = tf.reduce_mean(tf.square(tf.matmul(tf.ones([5, 3]), weights)))
    v1.train.GradientDescentOptimizer(0.1).minimize(loss)
    seen = set()
    for node in graph.get_operations():
        assert {source.op.name for source in node.inputs} <= seen
        seen.add(node.name)
    assert len(seen) > 20


@pytest.mark.parametrize("rank", range(6))
def test_an_edge_carries_a_tensor_of_any_rank(graph, rank: int):
    value = np.arange(2.0**rank).reshape([2] * rank)
    tensor = tf.constant(value)
    assert tensor.shape.rank == rank
    with v1.Session() as session:
        np.testing.assert_array_equal(session.run(tensor), value, strict=True)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, tf.int32),
        (1.0, tf.float32),
        (True, tf.bool),
        ("text", tf.string),
        (1j, tf.complex128),
        (np.float64(1), tf.float64),
        (np.int64(1), tf.int64),
        (np.float16(1), tf.float16),
    ],
)
def test_every_node_is_typed_when_it_is_built(graph, value, dtype):
    assert tf.constant(value).dtype == dtype
    assert tf.constant(np.array([value, value], dtype.as_numpy_dtype)).dtype == dtype


def test_a_list_of_wide_numpy_scalars_is_narrowed_and_an_array_of_them_is_not(graph):
    for scalar, narrow, wide in (
        (np.float64(1), tf.float32, tf.float64),
        (np.int64(1), tf.int32, tf.int64),
    ):
        assert tf.constant([scalar, scalar]).dtype == narrow
        assert tf.constant(np.array([scalar, scalar])).dtype == wide


def test_types_do_not_mix_without_a_cast(graph):
    with pytest.raises(TypeError, match="float32 that does not match type int32"):
        tf.constant(1) + tf.constant(1.0)
    assert (tf.cast(tf.constant(1), tf.float32) + tf.constant(1.0)).dtype == tf.float32


def test_a_constant_is_fixed_when_it_is_built(graph):
    array = np.zeros(3)
    constant = tf.constant(array)
    array[:] = 7
    with v1.Session() as session:
        np.testing.assert_array_equal(session.run(constant), np.zeros(3))


def test_a_constant_lies_in_the_graph_itself(graph):
    tf.constant([1.5, 2.5], name="given")
    (node,) = graph.as_graph_def().node
    np.testing.assert_array_equal(tf.make_ndarray(node.attr["value"].tensor), [1.5, 2.5])


def test_none_lets_a_dimension_adapt(graph):
    features = v1.placeholder(tf.float32, [None, 4])
    sums = tf.reduce_sum(features, 1)
    assert sums.shape.as_list() == [None]
    with v1.Session() as session:
        for rows in (0, 1, 7):
            assert session.run(sums, {features: np.ones((rows, 4))}).tolist() == [4.0] * rows


@pytest.mark.parametrize("shape", [(2, 3), (2, 5), (4,), (1, 2, 4)])
def test_a_fixed_dimension_refuses_another_size(graph, shape):
    features = v1.placeholder(tf.float32, [None, 4], name="features")
    with v1.Session() as session, pytest.raises(ValueError, match=r"features:0.*\(None, 4\)"):
        session.run(features, {features: np.ones(shape)})


def test_shapes_that_do_not_fit_are_refused_while_building(graph):
    features = v1.placeholder(tf.float32, [None, 4])
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 4 and 3"):
        tf.matmul(features, tf.ones([3, 1]))


def test_the_shape_of_a_node_is_known_in_part_before_and_in_full_during_a_run(graph):
    features = v1.placeholder(tf.float32, [None, 4])
    shape = tf.shape(features)
    assert features.shape.as_list() == [None, 4]
    with v1.Session() as session:
        assert session.run(shape, {features: np.ones((3, 4))}).tolist() == [3, 4]


def test_several_graphs_live_in_one_program():
    graphs = [tf.Graph(), tf.Graph()]
    for value, graph in enumerate(graphs):
        with graph.as_default():
            tf.constant(value, name="same_name")
    for value, graph in enumerate(graphs):
        with v1.Session(graph=graph) as session:
            assert session.run("same_name:0") == value


def test_a_node_goes_to_the_innermost_default_graph():
    outer, inner = tf.Graph(), tf.Graph()
    with outer.as_default():
        with inner.as_default():
            within = tf.constant(1)
        after = tf.constant(1)
    assert (within.graph, after.graph) == (inner, outer)


def test_a_tensor_of_one_graph_is_no_input_in_another():
    with tf.Graph().as_default():
        foreign = tf.constant(1.0)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="must be from the same graph"):
        tf.add(foreign, tf.constant(1.0))


def test_names_are_made_unique(graph):
    names = [tf.constant(0, name="node").name for _ in range(3)]
    assert names == ["node:0", "node_1:0", "node_2:0"]


def test_a_node_without_a_name_is_named_after_its_operation(graph):
    assert tf.tanh(tf.constant(1.0)).name == "Tanh:0"


def test_name_scopes_nest_and_are_made_unique(graph):
    def node() -> str:
        with v1.name_scope("layer"), v1.name_scope("inner"):
            return tf.constant(0, name="node").name

    assert [node(), node()] == ["layer/inner/node:0", "layer_1/inner/node:0"]


def test_a_tensor_is_found_by_its_name(graph):
    with v1.name_scope("layer"):
        made = tf.constant(1.0, name="output")
    assert graph.get_tensor_by_name("layer/output:0") is made
    assert graph.get_operation_by_name("layer/output") is made.op


def test_a_name_that_is_not_there_is_refused_by_name(graph):
    tf.constant(1.0, name="output")
    with pytest.raises(KeyError, match="outputs"):
        graph.get_tensor_by_name("outputs:0")
    with pytest.raises(KeyError, match="only has 1 outputs"):
        graph.get_tensor_by_name("output:1")
    with pytest.raises(ValueError, match="<op_name>:<output_index>"):
        graph.get_tensor_by_name("output")


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [
        ("/cpu:0", "/device:CPU:0"),
        ("/CPU:0", "/device:CPU:0"),
        ("/GPU:1", "/device:GPU:1"),
        ("/job:worker/task:2/GPU:0", "/job:worker/task:2/device:GPU:0"),
    ],
)
def test_a_device_is_recorded_in_the_node_even_where_there_is_none(graph, asked, recorded):
    with tf.device(asked):
        assert tf.constant(1.0).device == recorded
    assert tf.constant(1.0).device == ""


def test_the_innermost_device_wins_and_the_outer_one_fills_its_gaps(graph):
    with tf.device("/job:worker/GPU:0"):
        with tf.device("/CPU:0"):
            inner = tf.constant(1.0)
        outer = tf.constant(1.0)
    assert inner.device == "/job:worker/device:CPU:0"
    assert outer.device == "/job:worker/device:GPU:0"


def test_gradients_are_further_nodes_of_the_same_graph(graph):
    x = v1.placeholder(tf.float64, [])
    y = x**3 + 2.0 * x
    before = graph.get_operations()
    (first,) = tf.gradients(y, x)
    (second,) = tf.gradients(first, x)
    after = graph.get_operations()
    assert after[: len(before)] == before
    assert {node.name.split("/")[0] for node in after[len(before) :]} == {
        "gradients",
        "gradients_1",
    }
    with v1.Session() as session:
        assert session.run([first, second], {x: 2.0}) == pytest.approx([14.0, 12.0])


def test_there_is_no_gradient_where_there_is_no_path(graph):
    x, y = tf.constant(1.0), tf.constant(2.0)
    assert tf.gradients(tf.square(x), y) == [None]
    assert tf.gradients(tf.stop_gradient(tf.square(x)), x) == [None]


def test_control_dependencies_are_edges_without_a_tensor(graph):
    first = tf.constant(1.0)
    with tf.control_dependencies([first]):
        second = tf.constant(2.0)
    assert second.op.control_inputs == [first.op]
    assert list(second.op.inputs) == []


def test_pythons_if_on_a_tensor_is_refused_in_a_graph(graph):
    condition = tf.constant(1.0) > 0.0
    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="Python `bool`"):
        bool(condition)
    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match="Iterating"):
        iter(tf.constant([1.0, 2.0]))


def test_a_branch_in_the_graph_is_chosen_while_it_runs(graph):
    x = v1.placeholder(tf.float32, [])
    absolute = tf.cond(x < 0.0, lambda: -x, lambda: x)
    with v1.Session() as session:
        assert [session.run(absolute, {x: value}) for value in (-3.0, 4.0)] == [3.0, 4.0]


def test_a_loop_in_python_adds_nodes_and_a_loop_in_the_graph_does_not():
    def sizes(build) -> list[int]:
        made = []
        for rounds in (5, 50):
            with tf.Graph().as_default() as graph, v1.Session() as session:
                assert session.run(build(rounds)) == 2.0 * rounds
                made.append(len(graph.get_operations()))
        return made

    def in_python(rounds: int) -> tf.Tensor:
        total = tf.constant(0.0)
        for _ in range(rounds):
            total += 2.0
        return total

    def in_the_graph(rounds: int) -> tf.Tensor:
        start = (tf.constant(0), tf.constant(0.0))
        return tf.while_loop(lambda i, _: i < rounds, lambda i, t: (i + 1, t + 2.0), start)[1]

    small, large = sizes(in_python)
    assert large - small == 2 * 45
    small, large = sizes(in_the_graph)
    assert large == small


def test_a_finalized_graph_takes_no_more_nodes(graph):
    graph.finalize()
    with pytest.raises(RuntimeError, match="finalized and cannot be modified"):
        tf.constant(1.0)


def test_a_graph_written_and_read_again_has_the_same_nodes(graph):
    x = v1.placeholder(tf.float64, [None], name="x")
    tf.reduce_sum(tf.square(x), name="y")
    written = graph.as_graph_def().SerializeToString()
    with tf.Graph().as_default() as read:
        tf.import_graph_def(v1.GraphDef.FromString(written), name="")
    assert read.as_graph_def() == graph.as_graph_def()
    with v1.Session(graph=read) as session:
        assert session.run("y:0", {"x:0": [1.0, 2.0]}) == 5.0


def test_an_imported_graph_can_be_connected_to_other_inputs(graph):
    tf.square(v1.placeholder(tf.float64, [], name="x"), name="y")
    written = graph.as_graph_def()
    with tf.Graph().as_default(), v1.Session() as session:
        given = {"x:0": tf.constant(3.0, tf.float64)}
        (y,) = tf.import_graph_def(written, given, ["y:0"], name="part")
        assert y.name == "part/y:0"
        assert y.op.inputs[0] is given["x:0"]
        assert session.run(y) == 9.0


def test_eager_tensors_are_values():
    total = tf.constant([1.0, 2.0]) + 1.0
    assert tf.executing_eagerly()
    assert isinstance(total.numpy(), np.ndarray)
    np.testing.assert_array_equal(total, [2.0, 3.0])
    assert float(total[0]) == 2.0
    assert [float(item) for item in total] == [2.0, 3.0]


def test_a_node_of_a_graph_is_no_value(graph):
    assert not tf.executing_eagerly()
    with pytest.raises(AttributeError, match="numpy"):
        tf.constant(1.0).numpy()
    with pytest.raises(TypeError):
        float(tf.constant(1.0))
    with pytest.raises(NotImplementedError, match="Cannot convert a symbolic"):
        np.asarray(tf.constant(1.0))


def test_pythons_if_on_an_eager_tensor_chooses():
    assert [1 if tf.constant(x) > 0.0 else -1 for x in (2.0, -2.0)] == [1, -1]


def test_eager_execution_fails_in_the_line_that_is_wrong():
    with pytest.raises(tf.errors.InvalidArgumentError, match="invertible"):
        tf.linalg.inv(np.zeros((2, 2)))


def test_an_eager_random_tensor_keeps_its_value():
    drawn = tf.random.normal([5])
    np.testing.assert_array_equal(drawn.numpy(), drawn.numpy())


def test_eager_execution_knows_no_placeholders_and_needs_no_session():
    with pytest.raises(RuntimeError, match="not compatible with eager execution"):
        v1.placeholder(tf.float32)
    with pytest.raises(RuntimeError, match="GradientTape"):
        tf.gradients(tf.constant(1.0), tf.constant(1.0))
    with tf.GradientTape() as tape:
        x = tf.Variable(3.0)
        y = x * x
    assert tape.gradient(y, x).numpy() == 6.0


def test_eager_tensors_are_moved_to_a_device_by_hand():
    with tf.device("/CPU:0"):
        moved = tf.identity(tf.constant(1.0))
    assert moved.device == "/job:localhost/replica:0/task:0/device:CPU:0"


def test_a_graph_takes_the_value_of_an_eager_tensor_only_as_an_array():
    eager = tf.constant(3.0)
    with tf.Graph().as_default(), v1.Session() as session:
        with pytest.raises(RuntimeError, match="EagerTensor"):
            tf.identity(eager)
        assert session.run(tf.identity(eager.numpy())) == 3.0


def test_a_function_is_a_graph_that_eager_code_calls():
    traced = []

    @tf.function
    def double(x):
        traced.append(x)
        return x * 2.0

    assert [float(double(tf.constant(x))) for x in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert len(traced) == 1
    assert not hasattr(traced[0], "numpy")
