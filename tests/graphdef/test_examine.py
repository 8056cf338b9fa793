"""What may run, and what is refused: operations, functions, files of the model's own."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ArtifactError
from pipeline.graphdef.examine import examine
from pipeline.graphdef.locate import locate

from .made import RESOURCE, STRING, calling, function, graph, node, saved_model, text, write


def accept(made: Any, folder: Path) -> None:
    examine(locate(write(made, folder / "model.pb")))


def refuse(made: Any, folder: Path, match: str) -> None:
    with pytest.raises(ArtifactError, match=match):
        accept(made, folder)


def saving(*more: Any) -> Any:
    """A graph with a saver and an optimizer beside its output."""
    return graph(
        node("w", "VariableV2"),
        node("y", "Mul", "x", "w"),
        node("loss", "Mean", "y"),
        node("gradients/y", "Mul", "y", "w"),
        node("train", "ApplyGradientDescent", "w", "gradients/y"),
        node("save/Const", "PlaceholderWithDefault", "text"),
        node("save/SaveV2", "SaveV2", "save/Const", "w"),
        node("save/control_dependency", "Identity", "save/Const", "^save/SaveV2"),
        node("save/RestoreV2", "RestoreV2", "save/Const"),
        node("save/Assign", "Assign", "w", "save/RestoreV2"),
        node("save/restore_all", "NoOp", "^save/Assign"),
        node("summary", "ScalarSummary", "text", "loss"),
        node("writer", "CreateSummaryFileWriter", "text"),
        *more,
    )


@pytest.mark.parametrize("op", ["Roll", "CTCGreedyDecoder", "Mfcc", "LookupTableFindV2", "Empty"])
def test_what_only_computes_may_run(tmp_path: Path, op: str):
    accept(graph(node("y", op, "x")), tmp_path)


def test_what_saves_and_trains_beside_the_outputs_does_not_count(tmp_path: Path):
    accept(saving(), tmp_path)


def test_an_output_that_somebody_names_counts(tmp_path: Path):
    files = locate(write(saving(), tmp_path / "model.pb"))
    examine(files, outputs=["y:0"])
    with pytest.raises(ArtifactError, match="'save/SaveV2' is of type SaveV2, which could act"):
        examine(files, outputs=["save/control_dependency:0"])
    with pytest.raises(ArtifactError, match="has no operation 'los'; nearest: loss"):
        examine(files, outputs=["los"])


def test_a_file_that_somebody_trusts_may_act(tmp_path: Path):
    path = write(graph(node("y", "ReadFile", "text")), tmp_path / "model.pb")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ArtifactError, match=f"give --trust {digest}"):
        examine(locate(path))
    examine(locate(path), trusted={digest})
    with pytest.raises(ArtifactError, match=f"give --trust {digest}"):
        examine(locate(path), trusted={"0" * 64})


def test_what_queues_and_iterators_take_does_not_run(tmp_path: Path):
    parts = [
        node("data", "TFRecordDataset", "text"),
        node("iterator", "IteratorV2"),
        node("make", "MakeIterator", "data", "iterator"),
        node("next", "IteratorGetNext", "iterator"),
        node("y", "Relu", "next"),
    ]
    accept(graph(*parts), tmp_path)
    refuse(graph(*parts, node("z", "Mul", "x", "^make")), tmp_path, "'data' is of type TFRecord")


@pytest.mark.parametrize("stream", [b"", b"stderr", b"stdout", b"log(info)"])
def test_printing_to_the_console_is_harmless(tmp_path: Path, stream: bytes):
    accept(
        graph(node("y", "Relu", "x", "^p"), node("p", "PrintV2", output_stream=stream)), tmp_path
    )


LOOP = [
    node("enter", "Enter", "x"),
    node("merge", "Merge", "enter", "next"),
    node("next", "NextIteration", "merge"),
    node("y", "Exit", "merge"),
]


def test_a_loop_of_tensorflow_1_is_no_cycle(tmp_path: Path):
    accept(graph(*LOOP), tmp_path)
    accept(calling(function("f", *LOOP, arguments=[("x", 1)])), tmp_path)


TABLE = [
    node("table", "HashTableV2"),
    node("init", "InitializeTableFromTextFileV2", "table", "name"),
    node("y", "LookupTableFindV2", "table", "x"),
]
NAME = text("name", b"words.txt")


def test_a_table_is_made_of_an_asset(tmp_path: Path):
    made = saved_model(
        graph(NAME, *TABLE), "y:0", initialization="init", assets={"name": "words.txt"}
    )
    accept(made, tmp_path)


READS = function(
    "reads",
    node("init", "InitializeTableFromTextFileV2", "table", "file"),
    arguments=[("table", RESOURCE), ("file", STRING)],
)


@pytest.mark.parametrize("given", ["name", "passed", "read"])
def test_an_asset_reaches_a_function(tmp_path: Path, given: str):
    made = graph(
        NAME,
        TABLE[0],
        node("passed", "Identity", "name"),
        node("variable", "VarHandleOp", shared_name=b"file"),
        node("assign", "AssignVariableOp", "variable", "name"),
        node("read", "ReadVariableOp", "variable", "^assign"),
        node("init", "StatefulPartitionedCall", "table", given, f="reads"),
        TABLE[2],
        functions=[READS],
    )
    accept(saved_model(made, "y:0", initialization="init", assets={"name": "words.txt"}), tmp_path)


def test_values_are_restored_from_the_folder(tmp_path: Path):
    made = graph(
        node("w", "VariableV2"),
        node("file", "Placeholder", dtype=STRING),
        node("restore", "RestoreV2", "file"),
        node("assign", "Assign", "w", "restore"),
        node("all", "NoOp", "^assign"),
        node("y", "Mul", "x", "w"),
    )
    accept(saved_model(made, "y:0", restore=("all", "file:0")), tmp_path)


def test_an_unknown_operation_is_named_without_advice(tmp_path: Path):
    with pytest.raises(ArtifactError, match=r"is of type 'Mine', which TensorFlow does not have$"):
        accept(graph(node("y", "Mine", "x")), tmp_path)


def test_names_do_not_draw_on_the_terminal_or_fill_it(tmp_path: Path):
    for name in ("\x1b[2J\n", "long" * 1000):
        with pytest.raises(ArtifactError) as raised:
            accept(graph(node(name, name, "x")), tmp_path)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 1000
