"""TensorFlow Lite models in TensorFlow's own interpreter."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, listing, nearest, one_line
from pipeline.graph.execution.arrays import as_bytes
from pipeline.graph.execution.loaded import Choice, Loaded, Reference, file_of
from pipeline.graph.execution.signature import DEFAULT
from pipeline.graph.execution.tensors import label
from pipeline.graph.runner import Arrays
from pipeline.graph.tensors import UNREADABLE
from pipeline.graphdef.interface import Interface, TensorSpec
from pipeline.graphdef.locate import ModelFiles

Resolver = tf.lite.experimental.OpResolverType

# TensorFlow's own ops inside of a model; they are not in the list of what may run.
_FLEX = "Flex"


class LiteRunner(Reference):
    """Runs one signature of a model, or the model by its tensors where it has none.

    Args:
        key: of the signature.
        chosen: names of outputs; empty for all.
        resolver: which kernels compute.
    """

    def __init__(self, file: Path, key: str | None, chosen: Sequence[str], resolver: Any) -> None:
        self.describe = "kernels of TensorFlow Lite's reference"
        self._file = file
        with _explained(file):
            self._interpreter = _open(file, resolver)
            _require_built_in(self._interpreter, file)
            if key is None:
                self._inputs = _by_name(self._interpreter.get_input_details())
                self._outputs = _by_name(self._interpreter.get_output_details())
            else:
                self._call = self._interpreter.get_signature_runner(key)
                self._inputs = self._call.get_input_details()
                self._outputs = self._call.get_output_details()
        self._key = key
        names = [label(name) for name in chosen] or list(self._outputs)
        if missing := [name for name in names if name not in self._outputs]:
            problem = f"no output {missing[0]!r}{nearest(missing[0], self._outputs)}"
            raise ArtifactError(f"{file} has {problem}")
        self.interface = Interface(
            tuple(_specify(name, detail) for name, detail in self._inputs.items()),
            tuple(_specify(name, self._outputs[name]) for name in names),
        )

    def run(self, feeds: Arrays) -> dict[str, np.ndarray]:
        """Compute all outputs from all inputs, whose open dimensions are set to fit."""
        self.require_inputs(feeds)
        arrays = {
            spec.name: np.asarray(feeds[spec.name], tf.as_dtype(spec.dtype).as_numpy_dtype)
            for spec in self.interface.inputs
        }
        with _explained(self._file):
            found = self._call(**arrays) if self._key is not None else self._run(arrays)
        return {
            spec.name: as_bytes(found[spec.name], spec.dtype) for spec in self.interface.outputs
        }

    def close(self) -> None:
        """Free the model's memory."""
        self._interpreter = self._call = None

    def _run(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        for name, array in arrays.items():
            self._interpreter.resize_tensor_input(self._inputs[name]["index"], array.shape)
        self._interpreter.allocate_tensors()
        for name, array in arrays.items():
            self._interpreter.set_tensor(self._inputs[name]["index"], array)
        self._interpreter.invoke()
        return {
            name: self._interpreter.get_tensor(detail["index"])
            for name, detail in self._outputs.items()
        }


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load a `.tflite`.

    Raises:
        ArtifactError: it is damaged, needs ops of TensorFlow or custom ones, or the choice does not
            fit it.
    """
    file = file_of(files)
    key = _choose(file, choice.signature)
    open_with = partial(LiteRunner, file, key, choice.outputs)
    model = open_with(Resolver.BUILTIN_REF)
    return Loaded(
        files,
        model.interface,
        values=_read_constants(file),
        open_runner=lambda: open_with(Resolver.BUILTIN),
        open_reference=lambda: open_with(Resolver.BUILTIN_REF),
    )


def _open(file: Path, resolver: Any) -> Any:
    with warnings.catch_warnings(action="ignore"):  # that another package has it, too
        return tf.lite.Interpreter(str(file), experimental_op_resolver_type=resolver)


def _read_constants(file: Path) -> dict[str, np.ndarray]:
    """Return the tensors that nothing computes and nobody feeds."""
    with _explained(file):
        interpreter = _open(file, Resolver.BUILTIN_REF)
        interpreter.allocate_tensors()
        operations = interpreter._get_ops_details()
        computed = {int(index) for one in operations for index in one["outputs"]}
        computed |= {detail["index"] for detail in interpreter.get_input_details()}
        return {
            detail["name"]: interpreter.get_tensor(detail["index"])
            for detail in interpreter.get_tensor_details()
            if detail["index"] not in computed and detail["name"]
        }


def _choose(file: Path, wanted: str | None) -> str | None:
    """Return the key of a signature; None for a model that has none."""
    with _explained(file):
        known = list(_open(file, Resolver.BUILTIN).get_signature_list())
    if wanted is not None and wanted not in known:
        raise ArtifactError(
            f"{file} has no signature {wanted!r}{nearest(wanted, known)};"
            f" it has {listing(known, 12) or 'none'}"
        )
    if wanted is not None or DEFAULT in known:
        return wanted or DEFAULT
    if len(known) > 1:
        raise ArtifactError(
            f"{file} has several signatures: {listing(known, 12)}; choose with --signature"
        )
    return known[0] if known else None


def _require_built_in(interpreter: Any, file: Path) -> None:
    if any(one["op_name"].startswith(_FLEX) for one in interpreter._get_ops_details()):
        raise ArtifactError(f"{file} needs ops that TensorFlow Lite does not have (Flex)")


def _by_name(details: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {label(detail["name"]): detail for detail in details}


def _specify(name: str, detail: Mapping[str, Any]) -> TensorSpec:
    sizes = detail["shape_signature"] if len(detail["shape_signature"]) else detail["shape"]
    shape = tuple(None if size < 0 else int(size) for size in sizes)
    return TensorSpec(name, tf.as_dtype(detail["dtype"]).name, shape, detail["name"])


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Say which file it is that TensorFlow Lite refuses; a custom op is refused here, too."""
    try:
        yield
    except UNREADABLE as error:
        raise ArtifactError(f"{file} cannot be run: {one_line(error)}") from None
