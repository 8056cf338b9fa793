"""The tables that people read."""

from collections.abc import Iterator, Sequence

from pipeline.artifacts.inspection.described import Graph, Layer, Shape
from pipeline.artifacts.inspection.layers import COST


def text_of(graph: Graph, operations: bool) -> Iterator[str]:
    """Yield the lines of a graph's tables."""
    yield ""
    if graph.op_types:
        tags = f"tags {', '.join(graph.tags)}; " if graph.tags else ""
        yield f"{tags}{graph.version}; {sum(graph.op_types.values()):,} operations"
    ends = [("input", tensor) for tensor in graph.inputs]
    ends += [("output", tensor) for tensor in graph.outputs]
    yield from _table([(kind, t.name, t.dtype, _shown(t.shape)) for kind, t in ends])
    for name, one in graph.signatures.items():
        takes, gives = (
            ", ".join(f"{key} = {tensor}" for key, tensor in one[side].items())
            for side in ("inputs", "outputs")
        )
        yield f"signature {name}: {takes} → {gives}"
    if graph.op_types:
        yield ""
    sums = [sum(getattr(x, key) for x in graph.layers) for key in ("parameters", "bytes", "cost")]
    rows = [
        (
            layer.name or "(no scope)",
            layer.parameters,
            layer.bytes,
            layer.cost,
            _shown(layer.output_shape) if layer.output_shape is not None else "",
            _counts(layer),
        )
        for layer in graph.layers
    ]
    head = ("layer", "parameters", "bytes", "cost", "output", "operations")
    yield from _table([head, *rows, ("total", *sums, "", "")])
    if graph.op_types:
        yield f"cost: {COST}"
        if graph.uncounted:
            yield f"cost: without {graph.uncounted:,} calls or operations of unknown shape or cost"
        yield f"all operations: {_counts(graph)}"
        yield ""
        colon = ":" if graph.acting else ""
        yield f"{len(graph.acting):,} operations that could act on the machine{colon}"
    yield from _table([(x["op"], x["name"], x["function"]) for x in graph.acting])
    if operations:
        yield ""
        listed = graph.operations or graph.variables
        yield from _table([(x.name, x.dtype, _shown(x.shape)) for x in listed])


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


def _shown(shape: Shape) -> str:
    if shape is None:
        return "?"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _counts(of: Layer | Graph) -> str:
    ordered = sorted(of.op_types.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in ordered)
