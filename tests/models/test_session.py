"""A graph in a session has named inputs and outputs: any number, any dtype."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.graphdef.interface import Interface, TensorSpec
from pipeline.models.run.session import SessionRunner

v1 = tf.compat.v1

INTERFACE = Interface(
    (
        TensorSpec("text", "string", (None,), "text:0"),
        TensorSpec("number", "int64", (None,), "number:0"),
    ),
    (
        TensorSpec("joined", "string", (None,), "joined:0"),
        TensorSpec("half", "float64", (None,), "half:0"),
        TensorSpec("is_even", "bool", (None,), "is_even:0"),
    ),
)


def opened(interface: Interface = INTERFACE) -> SessionRunner:
    with tf.Graph().as_default() as graph:
        text = v1.placeholder(tf.string, [None], "text")
        number = v1.placeholder(tf.int64, [None], "number")
        v1.strings.join([text, tf.strings.as_string(number)], name="joined")
        tf.multiply(tf.cast(number, tf.float64), 0.5, "half")
        tf.equal(number % 2, 0, "is_even")
    return SessionRunner(v1.Session(graph=graph), interface, Path("graph.pb"))


@pytest.mark.parametrize("text", [["a", "ü"], np.array(["a", "ü"]), np.array([b"a", "ü"], object)])
def test_all_outputs_come_by_name(text):
    with opened() as runner:
        found = runner.run({"number": np.array([4, 5], np.int32), "text": text})
    assert list(found) == ["joined", "half", "is_even"]
    assert list(found["joined"]) == [b"a4", "ü5".encode()]
    assert found["half"].dtype == np.float64
    assert list(found["half"]) == [2.0, 2.5]
    assert list(found["is_even"]) == [True, False]


@pytest.mark.parametrize(
    ("feeds", "message"),
    [
        ({}, "takes text, number, and is given nothing"),
        ({"text": ["a"]}, "takes text, number, and is given text"),
        ({"text": ["a"], "number": [1], "more": [2]}, "is given text, number, more"),
        ({"text": ["a"], "number": ["b"]}, "cannot be run"),
        ({"text": ["a", "b"], "number": [1, 2, 3]}, "cannot be run"),
    ],
)
def test_feeds_that_do_not_fit_are_refused(feeds, message):
    with opened() as runner, pytest.raises(ArtifactError, match=message) as caught:
        runner.run(feeds)
    assert "\n" not in str(caught.value)


def test_a_graph_of_another_interface_is_refused():
    wrong = TensorSpec("half", "float32", (None,), "half:0")
    with pytest.raises(ArtifactError, match="half:0 is float64, and float32 is expected"):
        opened(Interface(INTERFACE.inputs, (wrong,)))
    missing = TensorSpec("half", "float64", (None,), "halves:0")
    with pytest.raises(ArtifactError, match="no tensor 'halves:0'; nearest: half:0"):
        opened(Interface(INTERFACE.inputs, (missing,)))
