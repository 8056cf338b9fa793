"""Models of other people, from a folder that the environment variable PIPELINE_MODELS names.

Its MANIFEST.tsv lists them. Beside some lies what TensorFlow 1 computed, with its inputs.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import locate

VARIABLE = "PIPELINE_MODELS"

if VARIABLE not in os.environ:
    pytest.skip(f"{VARIABLE} names no folder with models", allow_module_level=True)

FOLDER = Path(os.environ[VARIABLE])
MANIFEST = (FOLDER / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
PATHS = [line.partition("\t")[0] for line in MANIFEST]
STORED = [path for path in PATHS if next((FOLDER / path).rglob("*.prediction.csv"), None)]

# What this TensorFlow cannot run, or what lacks files.
REFUSED = {
    "compare_and_bitpack/int32": "'CompareAndBitpack': this TensorFlow has no op",
    "scatter_max_scalar": "Input 0 of node Assign was passed float from Variable:0",
    "scatter_nd_sub/locking/rank1shape_1indices": "Input 0 of node Assign was passed float",
    "flib_graph_1.pbtxt": "'ngraph_cluster_0' is of type '_nGraphEncapsulate', which",
    "mnist_model": r"variables\.data-00000-of-00001; No such file",
    "tft_saved_model": "cannot compute 'BoostedTreesBucketize' on a CPU",
    "tft_tf2_saved_model": "cannot compute 'BoostedTreesBucketize' on a CPU",
}
WITHOUT_VALUES = ("regression/model.pb", "regression_checkpoint/model.pb", "models/example1")


def why_refused(path: str) -> str | None:
    return next((why for end, why in REFUSED.items() if path.endswith(end)), None)


def opened(path: str, *outputs: str) -> Loaded:
    return load(locate(FOLDER / path), Choice(outputs=outputs))


@pytest.mark.parametrize("path", PATHS)
def test_each_is_loaded_or_refused_with_a_reason(path: str):
    if why := why_refused(path):
        with pytest.raises(ArtifactError, match=why):
            opened(path)
        return
    with opened(path) as model:
        assert model.interface.outputs
        if path.endswith(WITHOUT_VALUES):
            assert model.missing
            return
        assert model.missing == ()
        assert model.runner().interface == model.reference().interface == model.interface


def read_csv(file: Path, dtype: str) -> np.ndarray:
    texts = file.read_text(encoding="utf-8").split()
    sizes = file.with_suffix(".shape").read_text(encoding="utf-8").replace(",", " ").split()
    is_scalar = sizes == ["0"] and len(texts) == 1
    numbers = [{"true": 1.0, "false": 0.0}.get(text.lower()) for text in texts]
    known = [float(t) if n is None else n for t, n in zip(texts, numbers, strict=True)]
    array = np.array(known).astype(tf.as_dtype(dtype).as_numpy_dtype)
    return array.reshape([] if is_scalar else [int(size) for size in sizes])


def stored(folder: Path) -> dict[str, Path]:
    """Return the files of stored outputs by the names of tensors, such as `top:1` for `top.1`."""
    files = {}
    for file in sorted(folder.rglob("*.prediction.csv")):
        name = file.relative_to(folder).as_posix().removesuffix(".prediction.csv")
        node, _, index = name.rpartition(".")
        files[f"{node}:{index}" if node and index.isdigit() else name] = file
    return files


@pytest.mark.parametrize("path", STORED)
def test_stored_outputs_are_met(path: str):
    if why_refused(path):
        return
    files = stored(FOLDER / path)
    with opened(path, *files) as model:
        inputs = {
            spec.name: read_csv(FOLDER / path / f"{spec.name}.placeholder.csv", spec.dtype)
            for spec in model.interface.inputs
        }
        found = model.runner().run(inputs)
        expected = model.reference().run(inputs)
        for spec in model.interface.outputs:
            array = read_csv(files[spec.name], spec.dtype)
            assert found[spec.name].shape == array.shape
            np.testing.assert_allclose(found[spec.name], array, 1e-4, 1e-4)
            np.testing.assert_array_equal(expected[spec.name], found[spec.name])
