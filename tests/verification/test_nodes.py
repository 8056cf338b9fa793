"""What differs between nodes of one name, though neither values nor outputs tell."""

import pytest
from google.protobuf import text_format
from tensorflow.core.framework.graph_pb2 import GraphDef

from pipeline.verification.nodes import find_differences


def _graph(op: str, attributes: str = "") -> GraphDef:
    return text_format.Parse(f'node {{ name: "n" op: "{op}" {attributes} }}', GraphDef())


def _attribute(key: str, value: str) -> str:
    return f'attr {{ key: "{key}" value {{ {value} }} }}'


@pytest.mark.parametrize(
    ("one", "other"), [("Sum", "Mean"), ("Relu", "Relu6"), ("AddV2", "Sub"), ("Max", "ArgMax")]
)
def test_another_operation(one, other):
    (found,) = find_differences(_graph(one), _graph(other))
    assert found == f"n is {one}, and {other} in the reference"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Const", "VariableV2"),
        ("Const", "Shape"),
        ("Identity", "ReadVariableOp"),
        ("GatherV2", "ResourceGather"),
        ("StatelessIf", "If"),
        ("PartitionedCall", "StatefulPartitionedCall"),
        ("FusedBatchNormV3", "FusedBatchNorm"),
        ("Switch", "RefSwitch"),
        ("AddV2", "Add"),
    ],
)
def test_what_conversions_change(one, other):
    assert not find_differences(_graph(one), _graph(other))
    assert not find_differences(_graph(other), _graph(one))


def test_other_numbers():
    one, other = (_graph("FusedBatchNorm", _attribute("epsilon", f"f: {e}")) for e in (0.25, 0.5))
    assert "epsilon" in find_differences(one, other)[0]
    assert not find_differences(one, one)
    hidden = _graph("FusedBatchNorm", _attribute("_hidden", "i: 3"))
    assert not find_differences(hidden, _graph("FusedBatchNorm", _attribute("_hidden", "i: 4")))


def test_other_texts():
    one, other = (_graph("Conv2D", _attribute("padding", f's: "{p}"')) for p in ("SAME", "VALID"))
    assert "padding" in find_differences(one, other)[0]
    named = [_graph("HashTableV2", _attribute("shared_name", f's: "{n}"')) for n in ("a", "b")]
    assert not find_differences(*named)


def test_functions_of_one_name_and_structure():
    def made(op: str, name: str = "n") -> GraphDef:
        body = f'node_def {{ name: "{name}" op: "{op}" }}'
        text = f'library {{ function {{ signature {{ name: "f_12" }} {body} }} }}'
        return text_format.Parse(text, GraphDef())

    assert find_differences(made("Sum"), made("Mean")) == [
        "f_12/n is Sum, and Mean in the reference"
    ]
    assert not find_differences(made("Sum"), made("Mean", "m"))
