"""An MLP 32-64-64-1 predicts: one row a call, and 100,000."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workload import Contender, Job, Setting, Workload

COLUMNS, HIDDEN, LAYERS = 32, 64, ("hidden_1", "hidden_2", "output")
# Calls of a job; Keras takes a hundredth.
CALLS = {"1": 2000, "100000": 10}

Weights = dict[str, np.ndarray]


# Of 100,000 rows.
LIMITS = (
    "the three matrix products alone take half the time of eager execution by hand, and two thirds"
    " of the frozen graph's, so no more than 2× can be had. Pieces of 4,096 to 100,000 rows were"
    " tried, and freed memory that is kept or not: they differ by less than the noise. The gate's"
    " own eager execution is beaten as required."
)


def _workload(name: str, rows: str, eager: float, keras: float | None, limits: str) -> Workload:
    contender = partial(Contender, options=(rows,))
    return Workload(
        name=name,
        module=__name__,
        title=f"Inference: MLP 32-64-64-1, {int(rows):,} row{'s' * (rows != '1')} a call",
        unit="one call",
        scale=1,
        result="mean prediction",
        limits=limits,
        contenders=(
            contender("pipeline, frozen graph", "frozen_graph", ours=True),
            contender("pipeline, SavedModel", "saved_model", ours=True),
            contender("eager execution, as the gate has it", "eager", required=eager),
            contender("eager execution by hand", "eager_by_hand", required=eager),
            contender("tf.function", "function"),
            contender("Keras predict", "keras_predict", required=keras, most_rounds=1),
            contender("NumPy by hand", "numpy_by_hand"),
            contender("PyTorch", "torch_module", library="torch"),
        ),
    )


ONE_ROW = _workload("one_row", "1", eager=1, keras=100, limits="")
MANY_ROWS = _workload("many_rows", "100000", eager=1.5, keras=None, limits=LIMITS)


def frozen_graph(setting: Setting, rows: str) -> Job:
    """`artifacts/frozen`, opened as `pipeline predict` opens it."""
    from pipeline import memory
    from pipeline.runtimes.forms import open_model

    memory.keep_freed()
    return _job(open_model(_trained(setting) / "artifacts/frozen").predict, setting, rows)


def saved_model(setting: Setting, rows: str) -> Job:
    """`artifacts/saved_model`, opened as `pipeline predict` opens it."""
    from pipeline import memory
    from pipeline.runtimes.forms import open_model

    memory.keep_freed()
    return _job(open_model(_trained(setting) / "artifacts/saved_model").predict, setting, rows)


def eager(setting: Setting, rows: str) -> Job:
    """The reference of the gate: the network's function, executed eagerly."""
    from pipeline import memory
    from pipeline.graph.devices import plain_session
    from pipeline.runtimes.forms import Eager

    memory.keep_freed()
    model = Eager(_trained(setting) / "artifacts/checkpoint", plain_session)
    return _job(model.predict, setting, rows)


def _tensorflow(setting: Setting) -> Callable[[Any], Any]:
    """Return the same operations on constants that are there already."""
    import tensorflow as tf

    constants = {name: tf.constant(value) for name, value in _weights(setting).items()}

    def network(x: tf.Tensor) -> tf.Tensor:
        for layer in LAYERS:
            x = tf.matmul(x, constants[f"{layer}/weights"]) + constants[f"{layer}/bias"]
            x = x if layer == "output" else tf.nn.relu(x)
        return x

    return network


def eager_by_hand(setting: Setting, rows: str) -> Job:
    """Matrix products and ReLU without scaling, on constants that are there already."""
    import tensorflow as tf

    network = _tensorflow(setting)
    return _job(lambda x: network(tf.constant(x)).numpy(), setting, rows)


def function(setting: Setting, rows: str) -> Job:
    """The same in a `tf.function`."""
    import tensorflow as tf

    spec = tf.TensorSpec([None, COLUMNS], tf.float32)
    network = tf.function(_tensorflow(setting), input_signature=[spec])
    return _job(lambda x: network(tf.constant(x)).numpy(), setting, rows)


def keras_predict(setting: Setting, rows: str) -> Job:
    """`Model.predict`."""
    import keras

    dense, weights = keras.layers.Dense, _weights(setting)
    hidden = [dense(HIDDEN, activation="relu") for _ in LAYERS[:-1]]
    model = keras.Sequential([keras.layers.Input([COLUMNS]), *hidden, dense(1)])
    model.set_weights(
        [weights[f"{layer}/{part}"] for layer in LAYERS for part in ("weights", "bias")]
    )
    return _job(partial(model.predict, verbose=0), setting, rows, CALLS[rows] // 100 or 1)


def numpy_by_hand(setting: Setting, rows: str) -> Job:
    """Matrix products and maxima."""
    weights = _weights(setting)

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
    weights = _weights(setting)
    for place, layer in zip((0, 2, 4), LAYERS, strict=True):
        model[place].weight.data = torch.from_numpy(weights[f"{layer}/weights"].T.copy())
        model[place].bias.data = torch.from_numpy(weights[f"{layer}/bias"])

    def predict(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(x)).numpy()

    return _job(predict, setting, rows)


def _job(
    predict: Callable[[np.ndarray], np.ndarray], setting: Setting, rows: str, calls: int = 0
) -> Job:
    features = np.random.default_rng(0).normal(size=(int(rows), COLUMNS)).astype(np.float32)
    calls = setting.size(calls or CALLS[rows], 1)

    def work() -> None:
        for _ in range(calls):
            predict(features)

    return Job(work, calls, lambda: float(np.mean(predict(features))))


def _trained(setting: Setting) -> Path:
    """Return a repository in which the model has been trained and frozen."""
    from benchmarks import clone

    home = setting.scratch / "trained"
    if not home.exists():
        made = clone.fresh(home)
        made.compose(
            "data=synthetic", f"data.columns={COLUMNS}", "data.rows=2000", "data.scaling=none",
            "model=mlp", f"model.hidden=[{HIDDEN},{HIDDEN}]", "optimizer=adam", "train.steps=50",
            "device=cpu",
        )  # fmt: skip
        made.stage("prepare", "train", "freeze")
    return home


def _weights(setting: Setting) -> Weights:
    """Return the trained values by name; the first contender of the workload keeps them."""
    file = setting.scratch / "weights.npz"
    if not file.exists():
        from pipeline.artifacts import checkpoint

        values = checkpoint.values(_trained(setting) / "artifacts/checkpoint")
        kept = {name.removeprefix("network/"): value for name, value in values.items()}
        np.savez(file, **{name: kept[name] for name in kept if name.startswith(LAYERS)})
    return dict(np.load(file))
