"""Writes what a script builds in the forms in which people keep models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.graph.execution.ends import find_inputs, find_outputs
from pipeline.graph.execution.tensors import name_of

v1 = tf.compat.v1


def write(build: Callable[[], Any], folder: Path, **saver: Any) -> Path:
    """Write a checkpoint, a frozen graph, a graph as text and a SavedModel; returns the folder."""
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        build()
        variables = v1.global_variables()
        for variable in variables:  # some begin with the value of another
            session.run(variable.initializer)
        session.run(v1.tables_initializer())
        plain = graph.as_graph_def()
        outputs = find_outputs(plain)
        inputs = find_inputs(plain, outputs)
        v1.train.write_graph(plain, str(folder), "graph.pbtxt")
        if variables:
            (folder / "checkpoint").mkdir(parents=True)
            v1.train.Saver(variables, **saver).save(session, str(folder / "checkpoint/model"))
        export(session, folder / "saved_model", inputs, outputs)
        names = [name for name, _ in outputs]
        if not v1.get_collection(v1.GraphKeys.TABLE_INITIALIZERS):  # freezing loses them
            frozen = v1.graph_util.convert_variables_to_constants(session, plain, names)
            (folder / "frozen.pb").write_bytes(frozen.SerializeToString())
    return folder


def export(session: Any, folder: Path, inputs: Any, outputs: Any) -> None:
    """Write a SavedModel of version 1."""
    sides = (
        {
            name_of(place).replace(":0", ""): v1.saved_model.build_tensor_info(
                session.graph.get_tensor_by_name(name_of(place))
            )
            for place in side
        }
        for side in (inputs, outputs)
    )
    builder = v1.saved_model.Builder(str(folder))
    builder.add_meta_graph_and_variables(
        session,
        ["serve"],
        {"serving_default": v1.saved_model.build_signature_def(*sides)},
        main_op=v1.tables_initializer(),
        strip_default_attrs=True,
    )
    builder.save()


def feeds(interface: Any, seed: int = 0) -> dict[str, np.ndarray]:
    """Return arrays that suit the inputs of a script; open dimensions are 2."""
    return {
        spec.name: _array(spec, np.random.default_rng(seed + sum(spec.name.encode())))
        for spec in interface.inputs
    }


def _array(spec: Any, random: np.random.Generator) -> np.ndarray:
    shape = tuple(2 if size is None else size for size in spec.shape or ())
    dtype = tf.as_dtype(spec.dtype)
    if spec.name == "x/indices":
        return np.array([[0, 1], [1, 3]])
    if spec.name in ("x/dense_shape", "x/shape"):
        return np.array([2, 6])
    if dtype == tf.string:
        text = [b"", _example()] if "serialized" in spec.name else [b"a", b"no\0"]
        return np.array(text if shape else b"1,2,3,4", object)
    if dtype == tf.bool:
        return random.integers(0, 2, shape).astype(bool)
    if dtype.is_integer:
        return random.integers(0, 3, shape).astype(dtype.as_numpy_dtype)
    return np.asarray(random.normal(size=shape)).astype(dtype.as_numpy_dtype)


def _example() -> bytes:
    features = {
        "a": tf.train.Feature(float_list=tf.train.FloatList(value=[3.0, 4.0])),
        "b": tf.train.Feature(int64_list=tf.train.Int64List(value=[5, 6])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
