"""Predictions of an MLP 32-64-64-1, with one row and with 100,000 rows a call."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workload import Contender, Job, Setting, Workload

COLUMNS, HIDDEN, LAYERS = 32, 64, ("hidden_1", "hidden_2", "output")
# Calls of a job by rows a call; Keras does a hundredth of them.
CALLS = {"1": 2000, "100000": 10}

Weights = dict[str, np.ndarray]


# What limits the calls with 100,000 rows.
LIMITS = (
    "the three matrix products alone take half the time of eager execution by hand, and two thirds"
    " of the frozen graph's, so no more than 2× can be had. Pieces of 4,096 to 100,000 rows were"
    " tried, and freed memory that is kept or not: they differ by less than the noise. The gate's"
    " own eager execution is beaten as required."
)


def _workload(name: str, rows: str, eager: float, keras: float | None, limits: str) -> Workload:
    one = partial(Contender, options=(rows,))
    return Workload(
        name=name,
        module=__name__,
        title=f"Inference: MLP 32-64-64-1, {int(rows):,} row{'s' * (rows != '1')} a call",
        unit="one call",
        scale=1,
        result="mean prediction",
        limits=limits,
        contenders=(
            one("pipeline, frozen graph", "frozen_graph", ours=True),
            one("pipeline, SavedModel", "saved_model", ours=True),
            one("eager execution, as the gate has it", "eager", required=eager),
            one("eager execution by hand", "eager_by_hand", required=eager),
            one("tf.function", "function"),
            one("Keras predict", "keras_predict", required=keras, most_rounds=1),
            one("NumPy by hand", "numpy_by_hand"),
            one("PyTorch", "torch_module", library="torch"),
        ),
    )


ONE_ROW = _workload("one_row", "1", eager=1, keras=100, limits="")
MANY_ROWS = _workload("many_rows", "100000", eager=1.5, keras=None, limits=LIMITS)


def frozen_graph(setting: Setting, rows: str) -> Job:
    """`artifacts/frozen`, opened as `pipeline predict` opens it."""
    from benchmarks import pipeline_calls

    return _job(pipeline_calls.open_predict(train(setting), "artifacts/frozen"), setting, rows)


def saved_model(setting: Setting, rows: str) -> Job:
    """`artifacts/saved_model`, opened as `pipeline predict` opens it."""
    from benchmarks import pipeline_calls

    return _job(pipeline_calls.open_predict(train(setting), "artifacts/saved_model"), setting, rows)


def eager(setting: Setting, rows: str) -> Job:
    """The reference of the parity gate."""
    from benchmarks import pipeline_calls

    return _job(pipeline_calls.open_eager_predict(train(setting)), setting, rows)


def _tensorflow(setting: Setting) -> Callable[[Any], Any]:
    """Return the network as operations on constants that exist already."""
    import tensorflow as tf

    constants = {name: tf.constant(value) for name, value in read_weights(setting).items()}

    def network(x: tf.Tensor) -> tf.Tensor:
        for layer in LAYERS:
            x = tf.matmul(x, constants[f"{layer}/weights"]) + constants[f"{layer}/bias"]
            x = x if layer == "output" else tf.nn.relu(x)
        return x

    return network


def eager_by_hand(setting: Setting, rows: str) -> Job:
    """Matrix products and ReLU without scaling, on constants that exist already."""
    import tensorflow as tf

    network = _tensorflow(setting)
    return _job(lambda x: network(tf.constant(x)).numpy(), setting, rows)


def function(setting: Setting, rows: str) -> Job:
    """The same operations in a `tf.function`."""
    import tensorflow as tf

    spec = tf.TensorSpec([None, COLUMNS], tf.float32)
    network = tf.function(_tensorflow(setting), input_signature=[spec])
    return _job(lambda x: network(tf.constant(x)).numpy(), setting, rows)


def keras_predict(setting: Setting, rows: str) -> Job:
    """`Model.predict`."""
    import keras

    dense, weights = keras.layers.Dense, read_weights(setting)
    hidden = [dense(HIDDEN, activation="relu") for _ in LAYERS[:-1]]
    model = keras.Sequential([keras.layers.Input([COLUMNS]), *hidden, dense(1)])
    model.set_weights(
        [weights[f"{layer}/{part}"] for layer in LAYERS for part in ("weights", "bias")]
    )
    return _job(partial(model.predict, verbose=0), setting, rows, CALLS[rows] // 100 or 1)


def numpy_by_hand(setting: Setting, rows: str) -> Job:
    """Matrix products and maxima."""
    weights = read_weights(setting)

    def network(x: np.ndarray) -> np.ndarray:
        for layer in LAYERS:
            x = x @ weights[f"{layer}/weights"] + weights[f"{layer}/bias"]
            x = x if layer == "output" else np.maximum(x, 0)
        return x

    return _job(network, setting, rows)


def torch_module(setting: Setting, rows: str) -> Job:
    """An `nn.Sequential` in inference mode."""
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Linear(COLUMNS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(),
        nn.Linear(HIDDEN, 1),
    )  # fmt: skip
    weights = read_weights(setting)
    for position, layer in zip((0, 2, 4), LAYERS, strict=True):
        model[position].weight.data = torch.from_numpy(weights[f"{layer}/weights"].T.copy())
        model[position].bias.data = torch.from_numpy(weights[f"{layer}/bias"])

    def predict(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(x)).numpy()

    return _job(predict, setting, rows)


def _job(
    predict: Callable[[np.ndarray], np.ndarray], setting: Setting, rows: str, calls: int = 0
) -> Job:
    features = np.random.default_rng(0).normal(size=(int(rows), COLUMNS)).astype(np.float32)
    calls = setting.size(calls or CALLS[rows], 1)

    def run() -> None:
        for _ in range(calls):
            predict(features)

    return Job(run, calls, lambda: float(np.mean(predict(features))))


def train(setting: Setting) -> Path:
    """Return the root of a repository with the frozen model; the first contender makes it."""
    from benchmarks import clone

    root = setting.scratch / "trained"
    if not root.exists():
        repository = clone.fresh(root)
        repository.compose(
            "data=synthetic", f"data.columns={COLUMNS}", "data.rows=2000", "data.scaling=none",
            "model=mlp", f"model.hidden=[{HIDDEN},{HIDDEN}]", "optimizer=adam", "train.steps=50",
            "device=cpu",
        )  # fmt: skip
        repository.run_stages("prepare", "train", "freeze")
    return root


def read_weights(setting: Setting) -> Weights:
    """Return the trained values by name; the first contender saves them for all."""
    file = setting.scratch / "weights.npz"
    if not file.exists():
        from benchmarks import pipeline_calls

        values = pipeline_calls.read_variables(train(setting))
        np.savez(file, **{name: values[name] for name in values if name.startswith(LAYERS)})
    return dict(np.load(file))
