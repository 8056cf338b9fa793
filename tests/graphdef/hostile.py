"""Files that could harm who opens them, or that are broken; each with a part of what is said."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .made import (
    RESOURCE,
    STRING,
    TEXT,
    X,
    calling,
    function,
    graph,
    node,
    saved_model,
    text,
    write,
)

Make = Callable[[Path], Path]  # writes a model into a folder, and returns what to open

ACTS = "could act on the machine"

_ACTING = """
WriteFile ReadFile MatchingFiles PyFunc PyFuncStateless EagerPyFunc DebugIdentity DecodeProtoV2
ImmutableConst GenerateVocabRemapping FixedUnigramCandidateSampler LoadAndRemapMatrix SaveV2
RestoreV2 MergeV2Checkpoints InitializeTableFromTextFileV2 DatasetFromGraph LMDBDataset CacheDataset
RemoteCall RpcCall CollectiveReduce XlaCallModule XlaCustomCall Abort FileSystemSetConfiguration
CreateSummaryFileWriter DumpTensor
"""


def made(message: Any) -> Make:
    return lambda folder: write(message, folder / "model.pb")


def content(data: bytes | Callable[[], bytes], name: str = "model.pb") -> Make:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data() if callable(data) else data)
        return folder / name

    return make


def cases() -> Iterator[tuple[str, str, Make]]:
    """Yield the name of each file, what is said of it, and what makes it."""
    yield from acting()
    yield from in_functions()
    yield from not_own_files()
    yield from faults()
    yield from sizes()
    yield from broken()
    yield from elsewhere()


def acting() -> Iterator[tuple[str, str, Make]]:
    for op in _ACTING.split():
        yield op, f"is of type {op}, which {ACTS}", made(graph(node("y", op, "text")))
    waits = [node("w", "WriteFile", "text", "text"), node("y", "Relu", "x", "^w")]
    yield "the output waits for it", f"WriteFile, which {ACTS}", made(graph(*waits))
    default = [node("r", "ReadFile", "text"), node("y", "PlaceholderWithDefault", "r")]
    yield "default of an input", f"ReadFile, which {ACTS}", made(graph(*default))
    printing = node("y", "PrintV2", "text", output_stream=b"file:///tmp/here")
    yield "prints to a file", f"PrintV2, which {ACTS}", made(graph(printing))
    yield (
        "unknown",
        "is of type 'Mine', which TensorFlow does not have",
        made(graph(node("y", "Mine", "x"))),
    )
    nested = graph(node("graph", "Const", dtype=STRING), node("y", "DatasetFromGraph", "graph"))
    nested.node[2].attr["value"].tensor.string_val.append(
        graph(node("z", "WriteFile", "text", "text")).SerializeToString()
    )
    yield "a graph within a constant", f"DatasetFromGraph, which {ACTS}", made(nested)


def in_functions() -> Iterator[tuple[str, str, Make]]:
    write_file = node("w", "WriteFile", "text", "text")
    bad = function("bad", TEXT, write_file)
    good = function("good", X)
    said = f"'w' in the function 'bad' is of type WriteFile, which {ACTS}"
    yield "function", said, made(calling(bad))
    yield (
        "nested functions",
        said,
        made(calling(function("outer", node("c", "PartitionedCall", f="bad")), bad)),
    )
    yield "branch", said, made(calling(good, bad, then_branch="good", else_branch="bad"))
    yield "branches", said, made(calling(good, bad, branches=["good", "bad"]))
    yield "of its own type", said, made(graph(node("y", "bad"), functions=[bad]))
    yield (
        "map of a dataset",
        said,
        made(
            graph(
                node("d", "MapDataset", "x", f="bad"),
                node("y", "ReduceDataset", "d"),
                functions=[bad],
            )
        ),
    )
    yield (
        "iterator",
        said,
        made(
            graph(
                node("i", "OneShotIterator", dataset_factory="bad"),
                node("y", "IteratorToStringHandle", "i"),
                functions=[bad],
            )
        ),
    )
    within = calling(good, bad)
    within.node[2].attr["f"].func.attr["g"].func.name = "bad"
    yield "attribute of a function", said, made(within)
    gradient = calling(good, bad)
    gradient.library.gradient.add(function_name="good", gradient_func="bad")
    yield "gradient", said, made(gradient)
    other = calling(good, bad)
    for one in other.library.function:
        one.attr["api_implements"].s = b"lstm"
    yield "other implementation", said, made(other)
    hidden = function("Relu", TEXT, write_file)
    yield (
        "under a known name",
        "'w' in the function 'Relu' is of type WriteFile",
        made(graph(node("y", "Relu", "x"), functions=[hidden])),
    )
    calls = [function(f"f{i}", *(node(n, f"f{i + 1}") for n in "ab")) for i in range(60)]
    yield (
        "2^60 calls",
        "amount to more than 1,000,000 operations",
        made(calling(*calls, function("f60", X))),
    )
    yield (
        "calls itself",
        "the function 'f' calls itself",
        made(calling(function("f", node("c", "PartitionedCall", f="f")))),
    )


def not_own_files() -> Iterator[tuple[str, str, Make]]:
    """Reading of files that seem to be the model's own."""
    table = node("table", "HashTableV2")
    init = node("init", "InitializeTableFromTextFileV2", "table", "name")
    y = node("y", "LookupTableFindV2", "table", "x")
    name, other = text("name", b"/etc/passwd"), text("other", b"words.txt")
    run = {"initialization": "init", "assets": {"other": "words.txt"}}
    said = f"InitializeTableFromTextFileV2, which {ACTS}"
    yield (
        "table of no asset",
        said,
        made(saved_model(graph(name, other, table, init, y), "y:0", **run)),
    )
    reads = function(
        "reads",
        node("i", "InitializeTableFromTextFileV2", "t", "file"),
        arguments=[("t", RESOURCE), ("file", STRING)],
    )
    call = node("init", "StatefulPartitionedCall", "table", "name", f="reads")
    said = f"'init' is of type StatefulPartitionedCall, which {ACTS}"
    yield (
        "no asset for a function",
        said,
        made(saved_model(graph(name, other, table, call, y, functions=[reads]), "y:0", **run)),
    )
    variable = [
        node(place, "VarHandleOp", shared_name=b"one variable") for place in ("here", "there")
    ]
    changed = [
        node("a", "AssignVariableOp", "here", "other"),
        node("b", "AssignVariableOp", "there", "name"),
        node("read", "ReadVariableOp", "here", "^a", "^b"),
        node("init", "StatefulPartitionedCall", "table", "read", f="reads"),
    ]
    yield (
        "a variable that is changed",
        said,
        made(
            saved_model(
                graph(name, other, table, *variable, *changed, y, functions=[reads]), "y:0", **run
            )
        ),
    )
    restore = [node("restore", "RestoreV2", "name"), node("z", "Relu", "x")]
    yield (
        "restore of another file",
        f"RestoreV2, which {ACTS}",
        made(saved_model(graph(name, other, *restore), "z:0", restore=("restore", "other:0"))),
    )
    acts = node("init", "WriteFile", "text", "text")
    yield (
        "initialization",
        f"WriteFile, which {ACTS}",
        made(saved_model(graph(acts, node("y", "Relu", "x")), "y:0", initialization="init")),
    )


def faults() -> Iterator[tuple[str, str, Make]]:
    cycle = [node("a", "Relu", "b"), node("b", "Relu", "a"), node("y", "Relu", "x")]
    yield "cycle", "is truncated or damaged: 'a' needs itself", made(graph(*cycle))
    yield "waits for itself", "'y' needs itself", made(graph(node("y", "Relu", "x", "^y")))
    yield (
        "cycle in a function",
        "in the function 'f', 'a' needs itself",
        made(calling(function("f", *cycle[:2]))),
    )
    yield "doubled", "two operations are named 'x'", made(graph(X))
    yield (
        "doubled function",
        "two functions are named 'f'",
        made(calling(function("f", X), function("f", X))),
    )
    yield "missing", "'y' needs 'z', which is missing", made(graph(node("y", "Relu", "z:1")))
    yield (
        "missing in a function",
        "in the function 'f', 'a' needs 'b', which is missing",
        made(calling(function("f", node("a", "Relu", "b:z:0")))),
    )
    yield (
        "signature",
        "has no operation 'z'",
        made(saved_model(graph(), "z:0")),
    )


def sizes() -> Iterator[tuple[str, str, Make]]:
    yield (
        "10^6 operations",
        "has more than 250,000 operations",
        content(
            lambda: b"".join(
                b"\n%c\n%c%d\x12\x04NoOp" % (len(str(i)) + 8, len(str(i)), i) for i in range(10**6)
            )
        ),
    )
    yield (
        "10^6 operations as text",
        "has more than 250,000 operations",
        content(
            lambda: b"".join(b'node{name:"%d"op:"NoOp"}' % i for i in range(10**6)), "model.pbtxt"
        ),
    )
    chain = [node("0", "ReadFile", "text")]
    chain += [node(str(i), "Identity", str(i - 1)) for i in range(1, 30_000)]
    yield "a chain of 30,000", f"'0' is of type ReadFile, which {ACTS}", made(graph(*chain))

    def huge(folder: Path) -> Path:
        (folder / "model.pb").touch()
        os.truncate(folder / "model.pb", 2**31 + 1)  # sparse: it takes no room
        return folder / "model.pb"

    yield "more than 2 GiB", "has 2,147,483,649 bytes; a graph file has at most", huge
    large = graph(text("c", b""), node("y", "Relu", "x"))
    large.node[2].attr["value"].tensor.tensor_shape.dim.add(size=2**40)
    yield "a constant of 2^40 values", "'c' has more than 536,870,912 values", made(large)
    ranks = graph(text("c", b""), node("y", "Relu", "x"))
    for _ in range(100_000):
        ranks.node[2].attr["value"].tensor.tensor_shape.dim.add(size=2**40)
    yield "a constant of rank 10^5", "'c' has no shape", made(ranks)
    yield (
        "messages of two bytes, each of 100 in memory",
        "cannot be read",
        content(
            lambda: field(
                1, field(1, b"y") + field(2, b"Relu") + field(5, field(2, field(1, b":\0" * 2**24)))
            )
        ),
    )
    yield "nested 10^4 deep", "cannot be read as a GraphDef", content(lambda: nested(10_000))
    yield (
        "text that is nested 10^5 deep",
        "nested more than 100 deep",
        content(b'node{attr{key:"a"value{' + b"func{attr{value{" * 10**5, "model.pbtxt"),
    )


def nested(depth: int) -> bytes:
    """Return a GraphDef with a node whose attribute holds functions of functions, so many deep."""
    attribute = b""
    for _ in range(depth):  # AttrValue.func → NameAttrList.attr → AttrValue
        attribute = field(10, field(2, field(1, b"f") + field(2, attribute)))
    attributes = field(5, field(1, b"a") + field(2, attribute))
    return field(1, field(1, b"node") + field(2, b"NoOp") + attributes)


def field(number: int, value: bytes) -> bytes:
    """Return a length-delimited field of a message."""
    size, length = len(value), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + value


def broken() -> Iterator[tuple[str, str, Make]]:
    whole = graph(text("w", random.Random(0).randbytes(10_000)), node("y", "Relu", "x"))
    data = whole.SerializeToString()
    saved = saved_model(whole, "y:0").SerializeToString()
    for tenth in range(10):
        said = "truncated" if tenth else "holds no graph"
        yield f"{tenth} tenths", said, content(data[: len(data) * tenth // 10])
        yield (
            f"{tenth} tenths of a SavedModel",
            said,
            content(saved[: len(saved) * tenth // 10], "saved_model.pb"),
        )
    for seed in range(3):
        yield f"random bytes {seed}", "", content(random.Random(seed).randbytes(100_000))
    yield "zeros", "", content(bytes(100_000))
    yield "a page", "", content(b"<!DOCTYPE html><html><body>Not found</body></html>")
    yield "an archive", "", content(b"PK\x03\x04" + random.Random(4).randbytes(1000))
    yield "no model", "holds no graph", content(field(1, field(1, b"one") + field(3, b"two")))
    yield "text that breaks off", "line 1: ", content(b'node { name: "x', "model.pbtxt")


def elsewhere() -> Iterator[tuple[str, str, Make]]:
    """Paths that lead out of the folder."""
    for name in ("../secret.txt", "/etc/passwd"):
        saved = saved_model(graph(node("y", "Relu", "x")), "y:0", assets={"text": name})
        yield f"asset {name}", "names an asset outside of its folder", made(saved)

    def state(named: Callable[[Path], str]) -> Make:
        def make(folder: Path) -> Path:
            for name in ("there", "here"):
                (folder / name).mkdir()
            (folder / "there/model.ckpt.index").touch()
            latest = f'model_checkpoint_path: "{named(folder)}"\n'
            (folder / "here/checkpoint").write_text(latest)
            return folder / "here"

        return make

    said = "has no checkpoint model.ckpt, which its file `checkpoint` names"
    yield "state with a path upwards", said, state(lambda folder: "../there/model.ckpt")
    yield "state with a whole path", said, state(lambda folder: f"{folder}/there/model.ckpt")
    yield "state that is no text", "is damaged", state(lambda folder: "\\377\\376")
    lite = b"\x1c\0\0\0TFL3" + random.Random(5).randbytes(1000)
    yield "TFLite that is none", "cannot be read as a TFLite model", content(lite, "model.tflite")
