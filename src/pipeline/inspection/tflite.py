"""The summary of a TFLite model, read without its interpreter."""

from collections import Counter
from pathlib import Path
from typing import Any

from tensorflow.lite.python import schema_py_generated as schema

from pipeline.errors import ArtifactError, one_line
from pipeline.graphdef.structure import Body
from pipeline.graphdef.tflite import DAMAGE, find_custom
from pipeline.inspection.layers import summarize_layers
from pipeline.inspection.summary import GraphSummary, Tensor

_TYPES: dict[int, str] = {
    value: name.lower() for name, value in vars(schema.TensorType).items() if name[0] != "_"
}
_OPERATIONS: dict[int, str] = {
    value: name for name, value in vars(schema.BuiltinOperator).items() if name[0] != "_"
}


def summarize_tflite(path: Path) -> GraphSummary:
    """Summarize the first graph of a TFLite model.

    Raises:
        ArtifactError: the file is missing, or no TFLite model.
    """
    custom = find_custom(path)
    try:
        model = schema.Model.GetRootAs(path.read_bytes(), 0)
        graph = model.Subgraphs(0)
        tensors = [_tensor(graph.Tensors(number)) for number in range(graph.TensorsLength())]
        constants = [
            tensor
            for number, tensor in enumerate(tensors)
            if model.Buffers(graph.Tensors(number).Buffer()).DataLength()
        ]
        codes = [model.OperatorCodes(number) for number in range(model.OperatorCodesLength())]
        used = [codes[graph.Operators(n).OpcodeIndex()] for n in range(graph.OperatorsLength())]
        inputs = [tensors[graph.Inputs(number)] for number in range(graph.InputsLength())]
        outputs = [tensors[graph.Outputs(number)] for number in range(graph.OutputsLength())]
    except DAMAGE as error:
        raise ArtifactError(
            f"{path} is truncated or damaged: {one_line(error)}; copy it again"
        ) from None
    layers, _ = summarize_layers(Body([]), (), {}, constants)
    return GraphSummary(
        tags=[],
        version=f"TFLite schema {model.Version()}",
        inputs=inputs,
        outputs=outputs,
        signatures={},
        variables=constants,
        layers=layers,
        op_types=dict(Counter(map(_operation, used)).most_common()),
        acting=[] if custom is None else [{"name": "", "op": custom, "function": ""}],
        uncounted=len(used),
        operations=[],
    )


def _tensor(tensor: Any) -> Tensor:
    length = tensor.ShapeSignatureLength()
    sizes = tensor.ShapeSignatureAsNumpy() if length else tensor.ShapeAsNumpy()
    shape = (
        tuple(int(size) if size >= 0 else None for size in sizes) if tensor.ShapeLength() else ()
    )
    name = (tensor.Name() or b"").decode("utf-8", "replace")
    return Tensor(name, _TYPES.get(tensor.Type(), "?"), shape)


def _operation(code: Any) -> str:
    name: bytes | None = code.CustomCode()
    if name is not None:
        return name.decode("utf-8", "replace")
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    return _OPERATIONS.get(builtin, str(builtin))
