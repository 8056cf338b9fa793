"""The summary of a graph: plain values, which become JSON, or tables for people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Shape = tuple[int | None, ...] | None  # None: an open dimension, an open rank

COST = (
    "floating point operations for one row; a multiply-add of a matrix product or a convolution"
    " counts 2, element-wise operations and reductions 1 a value, others 0"
)


@dataclass(frozen=True)
class Tensor:
    """A tensor's, variable's or operation's name, dtype (an operation's: its type) and shape."""

    name: str
    dtype: str
    shape: Shape


@dataclass
class Layer:
    """The parameters of one scope, and the operations that use them or follow those."""

    name: str
    parameters: int = 0
    bytes: int = 0
    output_shape: Shape = None
    cost: int = 0
    op_types: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class GraphSummary:
    """What one graph holds."""

    tags: list[str]
    version: str  # of the TensorFlow that wrote it, as far as the file tells
    inputs: list[Tensor]
    outputs: list[Tensor]
    signatures: dict[str, dict[str, dict[str, str]]]
    variables: list[Tensor]
    layers: list[Layer]
    op_types: dict[str, int]
    acting: list[dict[str, str]]  # operations that are not known to be pure computation
    uncounted: int  # number of operations that have a cost, but an unknown shape
    operations: list[Tensor]


def format_graph(graph: GraphSummary, operations: bool) -> Iterator[str]:
    """Yield the lines of a graph's tables, with every operation or without."""
    yield ""
    if graph.op_types:
        tags = f"tags {', '.join(graph.tags)}; " if graph.tags else ""
        yield f"{tags}{graph.version}; {sum(graph.op_types.values()):,} operations"
    ends = [("input", tensor) for tensor in graph.inputs]
    ends += [("output", tensor) for tensor in graph.outputs]
    yield from _table([(kind, t.name, t.dtype, _format_shape(t.shape)) for kind, t in ends])
    for name, signature in graph.signatures.items():
        inputs, outputs = (
            ", ".join(f"{key} = {tensor}" for key, tensor in signature[side].items())
            for side in ("inputs", "outputs")
        )
        yield f"signature {name}: {inputs} → {outputs}"
    if graph.op_types:
        yield ""
    yield from _format_layers(graph.layers)
    if graph.op_types:
        yield f"cost: {COST}"
        if graph.uncounted:
            yield f"cost: without {graph.uncounted:,} calls or operations of unknown shape or cost"
        yield f"all operations: {_format_counts(graph.op_types)}"
        yield ""
        colon = ":" if graph.acting else ""
        yield f"{len(graph.acting):,} operations that could act on the machine{colon}"
    yield from _table([(x["op"], x["name"], x["function"]) for x in graph.acting])
    if operations:
        yield ""
        listed = graph.operations or graph.variables
        yield from _table([(x.name, x.dtype, _format_shape(x.shape)) for x in listed])


def _format_layers(layers: Sequence[Layer]) -> Iterator[str]:
    sums = [sum(getattr(x, key) for x in layers) for key in ("parameters", "bytes", "cost")]
    rows: list[Sequence[str | int]] = [
        ("layer", "parameters", "bytes", "cost", "output", "operations")
    ]
    for layer in layers:
        output = "" if layer.output_shape is None else _format_shape(layer.output_shape)
        numbers = (layer.parameters, layer.bytes, layer.cost)
        name, operations = layer.name or "(no scope)", _format_counts(layer.op_types)
        rows.append((name, *numbers, output, operations))
    yield from _table([*rows, ("total", *sums, "", "")])


def _table(rows: Sequence[Sequence[str | int]]) -> Iterator[str]:
    """Align columns; numbers to the right."""
    texts = [[f"{c:,}" if isinstance(c, int) else c for c in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        cells = zip(row, widths, rows[-1], strict=True)
        yield "  ".join(
            text.rjust(width) if isinstance(last, int) else text.ljust(width)
            for text, width, last in cells
        ).rstrip()


def _format_shape(shape: Shape) -> str:
    if shape is None:
        return "?"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _format_counts(op_types: Mapping[str, int]) -> str:
    ordered = sorted(op_types.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in ordered)
