"""TensorFlow Lite models, and outputs that others stored."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import locate

pytestmark = pytest.mark.slow  # make check leaves it to make test

v1 = tf.compat.v1


def opened(path: Path, **choice: Any) -> Loaded:
    return load(locate(path), Choice(**choice))


class Module(tf.Module):
    def __init__(self) -> None:
        self.kernel = tf.Variable(np.random.default_rng(0).normal(size=(4, 3)).astype("f"))

    @tf.function(
        input_signature=[tf.TensorSpec([None, 4], tf.float32), tf.TensorSpec([1], tf.float32)]
    )
    def predict(self, x, k):
        return {"y": tf.nn.relu(x @ self.kernel) * k, "total": tf.reduce_sum(x, 1)}


GIVEN = {"x": np.arange(12, dtype="f").reshape(3, 4) - 5, "k": np.array([2.0], "f")}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    module, folder = Module(), tmp_path_factory.mktemp("lite")
    tf.saved_model.save(module, str(folder / "saved"), {"serving_default": module.predict})
    return folder / "saved"


def converted(saved: Path, *operations: Any) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    if operations:
        converter.target_spec.supported_ops = list(operations)
    return converter.convert()


@pytest.fixture(scope="module")
def lite(saved: Path) -> Path:
    file = saved.parent / "model.tflite"
    file.write_bytes(converted(saved))
    return file


def test_a_lite_model_computes_by_its_signature(lite: Path, saved: Path):
    with opened(lite) as model, opened(saved) as original:
        assert {spec.name: spec.shape for spec in model.interface.inputs} == {
            "x": (None, 4),
            "k": (1,),
        }
        expected = original.runner().run(GIVEN)
        for runner in (model.runner(), model.reference(), model.runner()):
            found = runner.run(GIVEN)
            assert found.keys() == expected.keys()
            for name, array in found.items():
                np.testing.assert_allclose(array, expected[name], 1e-5)


def test_outputs_of_a_lite_model_are_chosen(lite: Path):
    with opened(lite, outputs=("total",)) as model:
        assert model.runner().run(GIVEN).keys() == {"total"}
    with pytest.raises(ArtifactError, match="no output 'totla'; nearest: total"):
        opened(lite, outputs=("totla",))


def test_its_constants_are_values(lite: Path, saved: Path):
    with opened(lite) as model, opened(saved) as original:
        kernel = original.values["Variable"]
        assert any(np.array_equal(value, kernel.T) for value in model.values.values())


def test_a_lite_model_without_a_signature_goes_by_its_tensors(tmp_path: Path):
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 2], "x")
        converter = v1.lite.TFLiteConverter.from_session(session, [x], [tf.exp(x, name="y")])
        (tmp_path / "model.tflite").write_bytes(converter.convert())
    with opened(tmp_path / "model.tflite") as model:
        found = model.runner().run({"x": np.zeros((3, 2), "f")})
        assert {name: array.tolist() for name, array in found.items()} == {"y": [[1.0] * 2] * 3}


def test_operations_of_tensorflow_are_refused(tmp_path: Path):
    module = tf.Module()
    module.f = tf.function(
        lambda x: {"y": tf.linalg.det(x)}, input_signature=[tf.TensorSpec([None, 2, 2])]
    )
    tf.saved_model.save(module, str(tmp_path / "saved"), {"serving_default": module.f})
    lite = (tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS)
    (tmp_path / "model.tflite").write_bytes(converted(tmp_path / "saved", *lite))
    with pytest.raises(ArtifactError, match="ops that TensorFlow Lite does not have"):
        opened(tmp_path / "model.tflite")


def test_a_signature_that_a_lite_model_lacks_is_refused(lite: Path):
    with pytest.raises(ArtifactError, match="no signature 'other'; it has serving_default"):
        opened(lite, signature="other")


ARRAYS = {"y": np.array([[1.5, 2.0]]), "name": np.array(["a", "b"])}


def store(folder: Path, kind: str) -> Path:
    if kind == "npz":
        np.savez(folder / "out.npz", **ARRAYS)
    elif kind == "json":
        lists = {name: array.tolist() for name, array in ARRAYS.items()}
        (folder / "out.json").write_text(json.dumps(lists))
    else:
        for name, array in ARRAYS.items():
            np.save(folder / f"{name}.npy", array)
        return folder
    return folder / f"out.{kind}"


@pytest.mark.parametrize("kind", ["npz", "json", "npy"])
def test_stored_outputs_come_as_they_are(kind: str, tmp_path: Path):
    with opened(store(tmp_path, kind)) as model:
        found = model.runner().run({})
        assert {name: array.tolist() for name, array in found.items()} == {
            "y": [[1.5, 2.0]],
            "name": [b"a", b"b"],
        }
        assert {spec.name: spec.dtype for spec in model.interface.outputs} == {
            "y": "float64",
            "name": "string",
        }


def test_stored_outputs_are_chosen(tmp_path: Path):
    path = store(tmp_path, "npz")
    assert opened(path, outputs=("y",)).runner().run({}).keys() == {"y"}
    with pytest.raises(ArtifactError, match="no output 'Y'; nearest: y"):
        opened(path, outputs=("Y",))


@pytest.mark.parametrize("text", ["{", "[1]", '{"y": [[1], [1, 2]]}', '{"y": {"a": 1}}'])
def test_damaged_outputs_are_refused(text: str, tmp_path: Path):
    (tmp_path / "out.json").write_text(text)
    with pytest.raises(ArtifactError, match="cannot be read"):
        opened(tmp_path / "out.json")
