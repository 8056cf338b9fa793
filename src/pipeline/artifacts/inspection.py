"""Look at a model without executing it: its protobufs are parsed, its graph is never loaded.

To import a graph is to run a part of it: shape inference computes what is constant, and reads
files for it. So a shape is the stored one, or that of one operation alone between placeholders.
"""

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.framework import op_def_registry

from pipeline.errors import ArtifactError

v1 = tf.compat.v1

Shape = tuple[int | None, ...] | None  # an open dimension, an open rank
Output = tuple[str, int]  # an operation and the number of its output


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
class Graph:
    """What one graph holds.

    Attributes:
        version: of the TensorFlow that wrote it, as far as it is stored.
        acting: operations that are not known to be pure computation.
        uncounted: operations that have a cost, but an unknown shape.
    """

    tags: list[str]
    version: str
    inputs: list[Tensor]
    outputs: list[Tensor]
    signatures: dict[str, dict[str, dict[str, str]]]
    variables: list[Tensor]
    layers: list[Layer]
    op_types: dict[str, int]
    acting: list[dict[str, str]]
    uncounted: int
    operations: list[Tensor]


@dataclass(frozen=True)
class Model:
    """What lies at a path."""

    path: str
    kind: str
    bytes: int
    graphs: list[Graph]

    def to_json(self, operations: bool) -> str:
        """Return all of it as JSON, with every operation or without."""
        values = dataclasses.asdict(self)
        if not operations:
            for graph in values["graphs"]:
                del graph["operations"]
        return json.dumps(values, indent=2)

    def to_text(self, operations: bool) -> str:
        """Return tables for people, with every operation or without."""
        lines = [self.path, f"{self.kind}, {self.bytes:,} bytes"]
        for graph in self.graphs:
            lines += _text(graph, operations)
        # A stranger's names must not draw on the terminal.
        return "\n".join(
            "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines
        )


def inspect(path: Path) -> Model:
    """Look at a frozen graph, a SavedModel folder, a checkpoint's folder or its prefix.

    Raises:
        ArtifactError: there is none, or it is damaged.
    """
    folder = path.parent if path.name == "saved_model.pb" else path
    prefix = path.with_suffix("") if path.suffix in (".index", ".meta") else path
    if (folder / "saved_model.pb").is_file():
        return _saved_model(folder)
    if path.is_file() and path.suffix == ".pb":
        return _frozen(path)
    if (path / "model.pb").is_file():
        return _frozen(path / "model.pb")
    if path.is_dir() and (latest := _latest(path)):
        return _checkpoint(Path(latest))
    if _beside(prefix, ".index").is_file():
        return _checkpoint(prefix)
    if not path.exists():
        raise ArtifactError(f"{path} is missing")
    raise ArtifactError(
        f"{path} is no model; give a frozen graph (.pb), a SavedModel folder, or a checkpoint's"
        " folder or prefix"
    )


def _latest(folder: Path) -> str | None:
    try:
        return v1.train.latest_checkpoint(str(folder))  # type: ignore[no-any-return]
    except ValueError:
        raise ArtifactError(f"{folder / 'checkpoint'} is damaged; give the prefix") from None


def _beside(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(prefix.name + suffix)


def _frozen(path: Path) -> Model:
    graph = v1.GraphDef()
    _parse(graph, path)
    return Model(str(path), "frozen graph", path.stat().st_size, [_graph(graph, path)])


def _saved_model(folder: Path) -> Model:
    saved = SavedModel()
    _parse(saved, folder / "saved_model.pb")
    if not saved.meta_graphs:
        raise ArtifactError(f"{folder / 'saved_model.pb'} has no graph: it is truncated or damaged")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    graphs = [_graph(meta.graph_def, folder, meta) for meta in saved.meta_graphs]
    return Model(str(folder), "SavedModel", size, graphs)


def _checkpoint(prefix: Path) -> Model:
    """Describe a checkpoint; only its index is read."""
    try:
        reader = tf.train.load_checkpoint(str(prefix))
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise ArtifactError(f"{prefix} cannot be read: {_one_line(error)}") from None
    dtypes = reader.get_variable_to_dtype_map()
    variables = [
        Tensor(name, dtypes[name].name, tuple(shape))
        for name, shape in sorted(reader.get_variable_to_shape_map().items())
    ]
    data = sum(file.stat().st_size for file in prefix.parent.glob(f"{prefix.name}.data-*"))
    if data < (needed := sum(_bytes(variable) for variable in variables)):
        raise ArtifactError(f"{prefix}.data-* is truncated: it has {data:,} bytes of {needed:,}")
    file, meta = _beside(prefix, ".meta"), v1.MetaGraphDef()
    if file.is_file():
        _parse(meta, file)
        graph = _graph(meta.graph_def, file, meta, variables)
    else:
        layers, _ = _layers({}, (), {}, variables)
        graph = Graph([], "", [], [], {}, variables, layers, {}, [], 0, [])
    size = sum(file.stat().st_size for file in prefix.parent.glob(f"{prefix.name}.*"))
    kind = "checkpoint" + (" with its graph" if file.is_file() else " without a graph (no .meta)")
    return Model(str(prefix), kind, size, [graph])


def _parse(message: Any, path: Path) -> None:
    try:
        message.ParseFromString(path.read_bytes())
    except (DecodeError, ValueError) as error:
        raise ArtifactError(f"{path} holds no graph: {_one_line(error)}") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


Nodes = Mapping[str, Any]  # NodeDef by name
Shapes = Mapping[str, list[Shape]]  # of each operation's outputs, as far as they are known


def _graph(
    graph: Any, path: Path, meta: Any = None, saved: Sequence[Tensor] | None = None
) -> Graph:
    """Describe a graph.

    Args:
        meta: the MetaGraphDef it is of, if any.
        saved: the variables of its checkpoint; otherwise they are the graph's own.
    """
    nodes = {node.name: node for node in graph.node}
    if not nodes:
        raise ArtifactError(f"{path} holds no graph: it has no operations")
    for node in graph.node:
        if lost := [wanted for wanted in map(_operation, node.input) if wanted not in nodes]:
            raise ArtifactError(
                f"{path} is truncated or damaged: {node.name!r} needs {lost[0]!r}, which is missing"
            )
    shapes = _shapes(nodes)
    signatures = {} if meta is None else _signatures(meta)
    named = [n for one in signatures.values() for n in one["outputs"].values() if ":" in n]
    outputs = list(dict.fromkeys(named)) or _loose_ends(nodes)
    needed = _order(nodes, map(_operation, outputs))
    variables = list(_variables(graph.node) if saved is None else saved)
    layers, uncounted = _layers(nodes, needed, shapes, variables or _constants(graph.node))
    everything = [("", node) for node in graph.node]
    for function in graph.library.function:
        everything += [(function.signature.name, node) for node in function.node_def]
    functions = {function.signature.name for function in graph.library.function}
    known = PURE | functions
    return Graph(
        tags=[] if meta is None else list(meta.meta_info_def.tags),
        version=f"TensorFlow {meta.meta_info_def.tensorflow_version or 'unknown'}"
        if meta is not None
        else f"graph version {graph.versions.producer or '0: very old, or truncated'}",
        inputs=[
            _tensor(nodes, shapes, f"{node.name}:0")
            for node in graph.node
            if node.op in PLACEHOLDERS
            and (node.name in needed or (node.op == "Placeholder" and not named))
        ],
        outputs=[_tensor(nodes, shapes, name) for name in outputs],
        signatures=signatures,
        variables=variables,
        layers=layers,
        uncounted=uncounted,
        op_types=dict(Counter(node.op for _, node in everything).most_common()),
        acting=[
            {"name": node.name, "op": node.op, "function": function}
            for function, node in everything
            if node.op not in known or not _called(node) <= functions
        ],
        operations=[Tensor(name, node.op, _at(shapes, name)) for name, node in nodes.items()],
    )


def _signatures(meta: Any) -> dict[str, dict[str, dict[str, str]]]:
    """Return tensor names by signature, `inputs` or `outputs`, and key."""
    return {
        name: {
            side: {key: tensor.name for key, tensor in sorted(getattr(one, side).items())}
            for side in ("inputs", "outputs")
        }
        for name, one in sorted(meta.signature_def.items())
    }


def _operation(name: str) -> str:
    """Return the operation of a tensor `name`, `name:1` or a control input `^name`."""
    return name.removeprefix("^").partition(":")[0]


def _data(node: Any) -> list[str]:
    return [name for name in node.input if not name.startswith("^")]


def _called(node: Any) -> set[str]:
    """Return the names of the functions in an operation's attributes."""
    functions = [f for value in node.attr.values() for f in (value.func, *value.list.func)]
    return {function.name for function in functions if function.name}


def _order(nodes: Nodes, ends: Iterable[str]) -> dict[str, None]:
    """Return the operations whose data `ends` need, each after its inputs."""
    ordered: dict[str, None] = {}
    seen = set()
    stack = [(name, False) for name in ends]
    while stack:
        name, after_its_inputs = stack.pop()
        if after_its_inputs:
            ordered[name] = None
        elif name in nodes and name not in seen:
            seen.add(name)
            stack.append((name, True))
            stack += [(_operation(wanted), False) for wanted in reversed(_data(nodes[name]))]
    return ordered


def _loose_ends(nodes: Nodes) -> list[str]:
    """Return what nothing consumes, no gradients, and if there are placeholders, what they feed."""
    consumed = {_operation(name) for node in nodes.values() for name in node.input}
    ends = [
        name
        for name, node in nodes.items()
        if name not in consumed and not name.startswith("gradients") and _dtypes(node, "output_arg")
    ]
    fed: set[str] = set()
    for name in _order(nodes, nodes):
        before = map(_operation, _data(nodes[name]))
        if nodes[name].op == "Placeholder" or not fed.isdisjoint(before):
            fed.add(name)
    return [f"{name}:0" for name in [end for end in ends if end in fed] or ends]


def _dtypes(node: Any, side: str) -> list[int]:
    """Return the dtypes of an operation's `input_arg` or `output_arg`; `[0]` if it is unknown."""
    definition = op_def_registry.get(node.op)
    if definition is None:
        return [0]
    attributes = {attribute.name: attribute.default_value for attribute in definition.attr}
    attributes.update(node.attr)
    dtypes: list[int] = []
    for argument in getattr(definition, side):
        if argument.type_list_attr:
            dtypes += attributes[argument.type_list_attr].list.type
        else:
            several = attributes[argument.number_attr].i if argument.number_attr else 1
            dtypes += [argument.type or attributes[argument.type_attr].type] * min(several, 1000)
    return dtypes


def _dtype(name: int | str) -> Any:
    """Return a dtype by number or name; `None` for none."""
    try:
        return tf.as_dtype(name)
    except TypeError:
        return None


def _described(name: str, dtype: int, shape: Shape) -> Tensor:
    return Tensor(name, getattr(_dtype(dtype), "name", "?"), shape)


def _tensor(nodes: Nodes, shapes: Shapes, name: str) -> Tensor:
    node = nodes.get(_operation(name))
    dtypes = _dtypes(node, "output_arg") if node else []
    number = _number(name)
    return _described(name, dtypes[number] if number < len(dtypes) else 0, _at(shapes, name))


def _number(name: str) -> int:
    number = name.partition(":")[2]
    return int(number) if number.isdecimal() and len(number) < 9 else 0


def _at(shapes: Shapes, name: str) -> Shape:
    """Return the shape of a tensor."""
    known = shapes.get(_operation(name), [])
    return known[_number(name)] if _number(name) < len(known) else None


def _shape(stored: Any) -> Shape:
    if stored.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in stored.dim)


def _size(shape: Shape) -> int:
    """Return the number of values; open dimensions, such as the rows, count as 1."""
    return math.prod(1 if size is None else size for size in shape or ())


def _bytes(tensor: Tensor) -> int:
    dtype = _dtype(tensor.dtype)
    return 0 if dtype in (None, tf.string) else _size(tensor.shape) * int(dtype.size)


def _variables(nodes: Iterable[Any]) -> list[Tensor]:
    return [
        _described(node.name, node.attr["dtype"].type, _shape(node.attr["shape"].shape))
        for node in nodes
        if node.op in VARIABLES
    ]


def _constants(nodes: Iterable[Any]) -> list[Tensor]:
    """Return what a frozen graph has for variables: constants of real numbers, no scalars."""
    values = {node.name: node.attr["value"].tensor for node in nodes if node.op == "Const"}
    constants = [_described(n, v.dtype, _shape(v.tensor_shape)) for n, v in values.items()]
    return [constant for constant in constants if constant.shape and _is_real(constant)]


def _is_real(tensor: Tensor) -> bool:
    dtype = _dtype(tensor.dtype)
    return dtype is not None and (dtype.is_floating or dtype.is_complex or dtype.is_quantized)


def _shapes(nodes: Nodes) -> Shapes:
    """Return the shapes of all outputs: the stored ones, or inferred from the inputs' shapes."""
    shapes: dict[str, list[Shape]] = {}
    for name in _order(nodes, nodes):
        node, attributes = nodes[name], nodes[name].attr
        if node.op == "Const":
            shapes[name] = [_shape(attributes["value"].tensor.tensor_shape)]
        elif node.op in VARIABLES | PLACEHOLDERS:
            shapes[name] = [_shape(attributes["shape"].shape)]
        elif node.op == "ReadVariableOp":
            shapes[name] = [_at(shapes, wanted) for wanted in _data(node)[:1]]
        elif "_output_shapes" in attributes:
            shapes[name] = [_shape(shape) for shape in attributes["_output_shapes"].list.shape]
        elif node.op in PURE:
            shapes[name] = _inferred(node, nodes, shapes)
    return shapes


def _inferred(node: Any, nodes: Nodes, shapes: Shapes) -> list[Shape]:
    """Infer the shapes of one operation's outputs, alone in a graph.

    Its inputs are placeholders or small constants, such as an axis: nothing else is computed.
    """
    definition = v1.GraphDef()
    alone = definition.node.add(name="alone", op=node.op)
    for key in node.attr:
        if not key.startswith("_"):
            alone.attr[key].CopyFrom(node.attr[key])
    for wanted, dtype in zip(_data(node), _dtypes(node, "input_arg"), strict=False):
        feed, source = definition.node.add(), nodes[_operation(wanted)]
        shape = _at(shapes, wanted)
        if source.op == "Const" and _size(shape) <= 16:
            feed.CopyFrom(source)
            del feed.input[:]
        else:
            feed.op = "Placeholder"
            feed.attr["dtype"].type = dtype
            feed.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())
        feed.name = f"input_{len(alone.input)}"
        alone.input.append(feed.name)
    try:
        with tf.Graph().as_default():
            (operation,) = tf.import_graph_def(definition, name="", return_elements=["alone"])
            return [_shape(output.shape.as_proto()) for output in operation.outputs]
    except (ValueError, TypeError, tf.errors.OpError):
        return []


def _layers(
    nodes: Nodes, needed: Iterable[str], shapes: Shapes, parameters: Sequence[Tensor]
) -> tuple[list[Layer], int]:
    """Give parameters and operations to layers, in the order of computation.

    An operation is of the layer whose parameters it uses, or whose scope it is in, or that its
    first input is of.

    Args:
        needed: operations, each after its inputs.

    Returns:
        The layers, and the number of operations whose cost is unknown.
    """
    names = {parameter.name for parameter in parameters}
    scopes = {name: _scope(name, names) for name in names}
    layers: dict[str, Layer] = {}
    home: dict[str, str] = {}
    reads = set(names)
    uncounted = 0
    for name in needed:
        node, inputs = nodes[name], [_operation(wanted) for wanted in _data(nodes[name])]
        used = [wanted for wanted in inputs if wanted in reads]
        if used and node.op in READS:
            reads.add(name)
        around = [s for s in set(scopes.values()) if s and name.startswith(f"{s}/")]
        before = [home[wanted] for wanted in (used or inputs) if wanted in home]
        if name in scopes:
            home[name] = scopes[name]
        elif around and not used:
            home[name] = max(around, key=len)
        else:
            home[name] = before[0] if before else ""
        layer = layers.setdefault(home[name], Layer(home[name]))
        layer.op_types[node.op] = layer.op_types.get(node.op, 0) + 1
        shape = _at(shapes, name)
        if inputs:
            layer.output_shape = shape
        cost = _cost(node, [_at(shapes, wanted) for wanted in _data(node)], shape)
        layer.cost += cost or 0
        uncounted += cost is None
    for parameter in parameters:
        layer = layers.setdefault(scopes[parameter.name], Layer(scopes[parameter.name]))
        layer.bytes += _bytes(parameter)
        if _is_real(parameter) and parameter.name.rpartition("/")[0] not in names:
            layer.parameters += _size(parameter.shape)
    return list(layers.values()), uncounted


def _scope(name: str, names: set[str]) -> str:
    """Return the scope of a variable, also of what an optimizer keeps below the variable's name."""
    scope = name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").rpartition("/")[0]
    while scope in names:
        scope = scope.rpartition("/")[0]
    return scope


COST = (
    "floating point operations for one row; a multiply-add of a matrix product or a convolution"
    " counts 2, element-wise operations and reductions 1 a value, others 0"
)


def _cost(node: Any, inputs: list[Shape], output: Shape) -> int | None:
    """Return the floating point operations for one row, `None` if they are unknown."""
    values, attributes = _size(output), node.attr
    if node.op in REDUCTIONS:
        output, values = (inputs[0], _size(inputs[0])) if inputs else (None, 0)
    elif node.op in PRODUCTS and len(inputs) > 1 and (one := inputs[0]) and inputs[1]:
        transposed = attributes["transpose_a"].b or attributes["adj_x"].b
        values *= 2 * _size(one[-2:][:1] if transposed else one[-1:])
    elif node.op in CONVOLUTIONS and len(inputs) > 1 and (kernel := inputs[1]):
        channels = kernel[-2:] if node.op == "DepthwiseConv2dNative" else kernel[-1:]
        values = 2 * values * _size(kernel) // max(_size(channels), 1)
    elif node.op in POOLINGS:
        values *= math.prod(attributes["ksize"].list.i)
    elif node.op in PRODUCTS | CONVOLUTIONS | UNCOUNTED or node.op not in PURE:
        return None
    elif node.op not in ELEMENT_WISE:
        return 0
    return None if output is None else values


def _text(graph: Graph, operations: bool) -> Iterator[str]:
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


VARIABLES = {"VarHandleOp", "VariableV2", "Variable"}
PLACEHOLDERS = {"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"}
READS = {"Identity", "ReadVariableOp", "Enter", "Cast"}
PRODUCTS = {"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"}
CONVOLUTIONS = {"Conv2D", "Conv3D", "DepthwiseConv2dNative"}
POOLINGS = {"AvgPool", "AvgPool3D", "MaxPool", "MaxPool3D"}

_UNCOUNTED = """
Case If PartitionedCall StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile While
Cholesky Conv2DBackpropFilter Conv2DBackpropInput DepthwiseConv2dNativeBackpropFilter
DepthwiseConv2dNativeBackpropInput Einsum MatrixDeterminant MatrixInverse MatrixSolve Qr
SelfAdjointEigV2 SparseTensorDenseMatMul Svd
"""
UNCOUNTED = set(_UNCOUNTED.split())

_REDUCTIONS = """
All Any ArgMax ArgMin Cumsum Cumprod EuclideanNorm L2Loss Max Mean Min Prod Sum
"""
REDUCTIONS = set(_REDUCTIONS.split())

_ELEMENT_WISE = """
Abs Acos Acosh Add AddN AddV2 Asin Asinh Atan Atan2 Atanh BatchNormWithGlobalNormalization BiasAdd
BiasAddV1 Ceil ClipByValue Cos Cosh Digamma Div DivNoNan Elu Equal Erf Erfc Erfinv Exp Expm1 Floor
FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Greater GreaterEqual Inv IsFinite
IsInf IsNan LRN LeakyRelu Less LessEqual Lgamma Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr
Maximum Minimum Mod Mul MulNoNan Neg NotEqual Pow RealDiv Reciprocal Relu Relu6 Rint Round Rsqrt
Select SelectV2 Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Square SquaredDifference
Sub Tan Tanh TruncateDiv Xdivy Xlogy
"""
ELEMENT_WISE = set(_ELEMENT_WISE.split())

_OTHERS = """
ApplyAdagrad ApplyAdam ApplyGradientDescent ApplyMomentum ApplyRMSProp Assert Assign AssignAdd
AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp AvgPoolGrad BatchToSpaceND
BiasAddGrad Bincount Bitcast BitwiseAnd BitwiseOr BitwiseXor BroadcastArgs BroadcastGradientArgs
BroadcastTo Bucketize CheckNumerics Concat ConcatOffset ConcatV2 Const ControlTrigger CropAndResize
Cross DepthToSpace Dequantize DestroyResourceOp Diag DiagPart DisableCopyOnRead DynamicPartition
DynamicStitch EluGrad EnsureShape Exit ExpandDims ExtractImagePatches FakeQuantWithMinMaxArgs
FakeQuantWithMinMaxVars Fill FusedBatchNormGrad FusedBatchNormGradV3 Gather GatherNd GatherV2
IdentityN InTopK InTopKV2 InvertPermutation IsVariableInitialized LeakyReluGrad LeftShift LinSpace
LoopCond LowerBound MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV3 MatrixDiagV3
MaxPoolGrad Merge MirrorPad MirrorPadGrad Multinomial NextIteration NoOp NonMaxSuppressionV3 OneHot
OnesLike Pack Pad PadV2 PreventGradient QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeV2
RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt Range Rank RefEnter RefExit
RefMerge RefNextIteration RefSwitch Relu6Grad ReluGrad Reshape ResizeBicubic ResizeBilinear
ResizeBilinearGrad ResizeNearestNeighbor ResourceApplyAdadelta ResourceApplyAdagrad
ResourceApplyAdagradV2 ResourceApplyAdam ResourceApplyFtrl ResourceApplyFtrlV2
ResourceApplyGradientDescent ResourceApplyKerasMomentum ResourceApplyMomentum
ResourceApplyProximalGradientDescent ResourceApplyRMSProp ResourceGather ResourceScatterAdd
ResourceScatterUpdate Reverse ReverseSequence ReverseV2 RightShift RsqrtGrad ScatterAdd ScatterNd
ScatterUpdate SegmentMax SegmentMean SegmentSum SeluGrad Shape ShapeN ShardedFilename SigmoidGrad
Size Slice Snapshot SoftmaxCrossEntropyWithLogits SoftplusGrad SoftsignGrad SpaceToBatchND
SpaceToDepth SparseSoftmaxCrossEntropyWithLogits SparseToDense Split SplitV SqrtGrad Squeeze
StatelessMultinomial StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomNormal
StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformInt StatelessRandomUniformIntV2
StatelessRandomUniformV2 StatelessShuffle StatelessTruncatedNormal StatelessTruncatedNormalV2
StaticRegexFullMatch StopGradient StridedSlice StridedSliceGrad StringJoin Switch TanhGrad
TensorArrayCloseV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
TensorArrayV3 TensorArrayWriteV3 TensorListElementShape TensorListFromTensor TensorListGetItem
TensorListLength TensorListPopBack TensorListPushBack TensorListReserve TensorListSetItem
TensorListStack TensorScatterAdd TensorScatterUpdate Tile TopK TopKV2 Transpose TruncatedNormal
Unique UniqueV2 Unpack UnsortedSegmentMax UnsortedSegmentSum UpperBound VarIsInitializedOp
VariableShape Where ZerosLike
"""

# What computes in the memory of its session and does nothing else. All the rest could act.
PURE = VARIABLES.union(
    PLACEHOLDERS,
    READS,
    PRODUCTS,
    CONVOLUTIONS,
    POOLINGS,
    UNCOUNTED,
    REDUCTIONS,
    ELEMENT_WISE,
    _OTHERS.split(),
)
