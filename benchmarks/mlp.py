"""A multilayer perceptron 32-64-64-1 on a million rows, batch 256, Adam: one epoch."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.workload import LOSS_ROWS, Contender, Job, Setting, Workload

COLUMNS, HIDDEN, BATCH, RATE = 32, 64, 256, 0.001

# An epoch is too short to compile for: `train.xla=auto` decides for as many as a training has.
EPOCHS = 10

WORKLOAD = Workload(
    name="mlp",
    module=__name__,
    title="MLP 32-64-64-1, 1,000,000 rows, batch 256, Adam",
    unit="1,000 steps",
    scale=1000,
    result="loss of 10,000 rows",
    contenders=(
        Contender("pipeline", "pipeline", ours=True),
        Contender("pipeline, train.xla=false", "pipeline", ("train.xla=false",), most_rounds=1),
        Contender("the article's loop, feed_dict", "article", required=3.5),
        Contender("tf.function, a step a call", "function"),
        Contender("Keras fit", "keras_fit", required=5),
        Contender("scikit-learn MLPRegressor", "scikit_learn", most_rounds=1),
        Contender("PyTorch, DataLoader", "torch_loader", required=10, library="torch"),
        Contender("PyTorch, batches by hand", "torch_by_hand", most_rounds=1, library="torch"),
    ),
    note="The pipeline trains for ten epochs, for which `train.xla=auto` compiles its loop; the"
    " others for one. Compiling, 1 to 2 s, is part of the warm-up.",
    limits="without XLA a step is 112 operations, the optimizer's and shapes among them. Rows that"
    " are gathered outside of the loop and batches of a fixed size made it a tenth faster; one"
    " thread, no oneDNN and fused kernels were tried, and change less than the noise. With XLA two"
    " thirds of a step are five matrix products, near what a core can do; oneDNN in XLA was slower,"
    " XNNPACK and YNNPACK were not faster.",
)


def data(setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """Return features and label, `[rows, 32]` and `[rows, 1] float32`."""
    return table(setting.size(1_000_000, 20_000))


def table(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return so many rows of features and label, as `data` does."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(rows, COLUMNS))
    label = np.sin(features[:, :4]).sum(1, keepdims=True) + features[:, 4:5] * features[:, 5:6]
    return features.astype(np.float32), label.astype(np.float32)


def batches(rows: int, batch: int = BATCH) -> np.ndarray:
    """Return the rows of each step of an epoch, `[steps, batch]`."""
    steps = rows // batch
    return np.random.default_rng(0).permutation(rows)[: steps * batch].reshape(steps, batch)


def pipeline(setting: Setting, *overrides: str) -> Job:
    """The loop in the graph."""
    return in_graph_job(data(setting), BATCH, EPOCHS, overrides)


def in_graph_job(
    given: tuple[np.ndarray, np.ndarray],
    batch: int,
    epochs: int,
    overrides: Sequence[str],
) -> Job:
    """The loop in the graph, on given rows; see `in_graph.training_job`."""
    from benchmarks import in_graph

    chosen = ["model=mlp", "train=minibatch", f"train.batch_size={batch}", "optimizer=adam"]
    chosen += [f"optimizer.learning_rate={RATE}", f"model.hidden=[{HIDDEN},{HIDDEN}]", *overrides]
    steps = epochs * (len(given[1]) // batch)
    return in_graph.training_job(chosen, given, (COLUMNS,), steps, repeats=1)


def article(setting: Setting) -> Job:
    """One `Session.run` a step, each batch fed."""
    return fed_job(data(setting), BATCH)


def fed_job(given: tuple[np.ndarray, np.ndarray], batch: int, epochs: int = 1) -> Job:
    """One `Session.run` a step, each batch fed, on given rows."""
    import tensorflow as tf

    v1 = tf.compat.v1
    features, label = given
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, COLUMNS])
        y = v1.placeholder(tf.float32, [None, 1])
        glorot, output = tf.keras.initializers.GlorotUniform(), x
        for width, activation in ((HIDDEN, tf.nn.relu), (HIDDEN, tf.nn.relu), (1, tf.identity)):
            weights = v1.Variable(glorot([output.shape[1], width]))
            output = activation(tf.matmul(output, weights) + v1.Variable(tf.zeros([width])))
        loss = tf.reduce_mean(tf.square(output - y))
        step = v1.train.AdamOptimizer(RATE).minimize(loss)
        initialize = v1.global_variables_initializer()
    session = v1.Session(graph=graph)

    def run() -> None:
        session.run(initialize)
        for _ in range(epochs):
            for rows in batches(len(label), batch):
                session.run([step, loss], {x: features[rows], y: label[rows]})

    def result() -> float:
        return float(session.run(loss, {x: features[:LOSS_ROWS], y: label[:LOSS_ROWS]}))

    return Job(run, epochs * (len(label) // batch), result, repeats=1)


def function(setting: Setting) -> Job:
    """`tf.function` with `GradientTape`, rows gathered in it, called for each step."""
    import tensorflow as tf

    x, y = map(tf.constant, data(setting))
    model, optimizer = keras_model(), tf.keras.optimizers.Adam(RATE)
    optimizer.build(model.trainable_variables)
    begin = [variable.numpy() for variable in (*model.variables, *optimizer.variables)]

    @tf.function
    def step(rows: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            output = model(tf.gather(x, rows), training=True)
            loss = tf.reduce_mean(tf.square(output - tf.gather(y, rows)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables))
        return loss

    def run() -> None:
        for variable, value in zip((*model.variables, *optimizer.variables), begin, strict=True):
            variable.assign(value)
        for rows in batches(len(y)):
            step(tf.constant(rows))

    def result() -> float:
        return float(tf.reduce_mean(tf.square(model(x[:LOSS_ROWS]) - y[:LOSS_ROWS])))

    return Job(run, len(y) // BATCH, result, repeats=1)


def keras_fit(setting: Setting) -> Job:
    """An epoch of `fit`."""
    features, label = data(setting)
    steps = len(label) // BATCH

    def fit(rows: int) -> Any:
        model = keras_model()
        model.fit(features[:rows], label[:rows], batch_size=BATCH, verbose=0)
        return model

    fit(20 * BATCH)  # the warm-up
    models = []
    return Job(
        lambda: models.append(fit(steps * BATCH)),
        steps,
        lambda: models[-1].evaluate(features[:LOSS_ROWS], label[:LOSS_ROWS], verbose=0),
        repeats=1,
        warm_up=False,
    )


def keras_model() -> Any:
    """Return the network, compiled for `fit`."""
    import keras

    dense = keras.layers.Dense
    hidden = [dense(HIDDEN, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.layers.Input([COLUMNS]), *hidden, dense(1)])
    model.compile(keras.optimizers.Adam(RATE), "mse")
    return model


def scikit_learn(setting: Setting) -> Job:
    """An epoch of `MLPRegressor`."""
    from sklearn.neural_network import MLPRegressor

    features, label = data(setting)
    model = MLPRegressor(
        hidden_layer_sizes=(HIDDEN, HIDDEN), batch_size=BATCH, learning_rate_init=RATE, alpha=0.0
    )

    def result() -> float:
        return float(np.mean(np.square(model.predict(features[:LOSS_ROWS]) - label[:LOSS_ROWS, 0])))

    def run() -> None:
        model.partial_fit(features, label[:, 0])  # one epoch

    return Job(run, len(label) // BATCH, result, repeats=1, warm_up=False)


def torch_loader(setting: Setting) -> Job:
    """The loop of PyTorch's tutorials: `TensorDataset`, `DataLoader`, `shuffle=True`."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    features, label = map(torch.from_numpy, data(setting))
    loader = DataLoader(TensorDataset(features, label), BATCH, shuffle=True, drop_last=True)
    return _torch_job(features, label, loader)


def torch_by_hand(setting: Setting) -> Job:
    """Batches taken from tensors by index."""
    import torch

    features, label = map(torch.from_numpy, data(setting))
    order = torch.from_numpy(batches(len(label)))
    return _torch_job(features, label, ((features[rows], label[rows]) for rows in order))


def torch_model() -> Any:
    """Return the network."""
    from torch import nn

    layers = [nn.Linear(COLUMNS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(HIDDEN, 1))


def _torch_job(features: Any, label: Any, epoch: Iterable[Any]) -> Job:
    import torch

    nn, model = torch.nn, torch_model()
    optimizer = torch.optim.Adam(model.parameters(), RATE)

    def run() -> None:
        for x, y in epoch:
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()

    def result() -> float:
        with torch.no_grad():
            return float(nn.functional.mse_loss(model(features[:LOSS_ROWS]), label[:LOSS_ROWS]))

    return Job(run, len(label) // BATCH, result, repeats=1, warm_up=False)
