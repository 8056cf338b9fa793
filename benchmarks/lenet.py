"""LeNet on images of 28 × 28, batch 128, Adam."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.workload import LOSS_ROWS, Contender, Job, Setting, Workload

SIZE, CLASSES, BATCH, RATE, DROPOUT = 28, 10, 128, 0.001, 0.3
FILTERS, HIDDEN = (16, 32), (120, 84)

WORKLOAD = Workload(
    name="lenet",
    module=__name__,
    title="LeNet, images of 28 × 28, batch 128, Adam, one epoch of 12,800 images",
    unit="100 steps",
    scale=100,
    result=f"loss of {LOSS_ROWS:,} images",
    contenders=(
        Contender("pipeline", "pipeline", ours=True),
        Contender("the article's loop, feed_dict", "article"),
        Contender("Keras fit", "keras_fit", required=3),
        Contender("PyTorch by hand", "torch_by_hand", most_rounds=1, library="torch"),
    ),
    note="Images are noise around ten patterns.",
    limits="the five convolutions take 9 of the 13.4 ms of CPU time of a step on an EPYC, 16 of 22"
    " ms on a Xeon. Those of the second layer do 237 and 146 billion operations a second on a core,"
    " as many as the product of two large matrices does, so only fewer operations would be"
    " faster. Pooling before bias and ReLU and another gradient of the bias save a tenth of a"
    " step. Tried without gain: columns of pixels and a matrix product (18 ms to make the"
    " columns alone), the filter's gradient as a convolution (twice as slow), batches of 64 or"
    " 32 images on one core each (the same CPU time an image), the first layer on blocks of 2 ×"
    " 2 pixels (0.60 ms for 0.45 ms, and 1.7 ms for 1.0 ms with pooling and gradients), one"
    " thread for operations (0.99 of the time), the caller's thread in oneDNN (1.1), parts of a"
    " batch side by side (25 rounds in turns: two parts take 0.97 of the wall time, 0.91 with"
    " one thread in an operation, which makes validation twice as slow; four parts 0.94, eight"
    " 0.99), the input's gradient as a convolution with turned filters (oneDNN takes the same"
    " kernel). Keeping freed memory leaves no page fault to save, and dropout's numbers cost 0.7"
    " ms. By estimate, Winograd's transform takes 36 products for 100, but moves 130 MB of tiles"
    " a step.",
)


def data(setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """Return images `[rows, 784] float32` and the numbers of their classes `[rows, 1] float32`."""
    return images(setting.size(12_800, 1_280))


def images(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return so many images and the numbers of their classes, as `data` does."""
    generator = np.random.default_rng(0)
    label = generator.integers(CLASSES, size=(rows, 1))
    patterns = generator.normal(size=(CLASSES, SIZE * SIZE))
    made = 0.2 * patterns[label[:, 0]] + generator.normal(size=(rows, SIZE * SIZE))
    return made.astype(np.float32), label.astype(np.float32)


def pipeline(setting: Setting, *overrides: str) -> Job:
    """The loop in the graph."""
    return in_graph_job(data(setting), BATCH, 1, overrides)


def in_graph_job(
    given: tuple[np.ndarray, np.ndarray],
    batch: int,
    epochs: int,
    overrides: Sequence[str],
) -> Job:
    """The loop in the graph, on given images; see `in_graph.training_job`."""
    from benchmarks import in_graph

    chosen = ["model=lenet", "train=minibatch", f"train.batch_size={batch}", "optimizer=adam"]
    chosen += [f"optimizer.learning_rate={RATE}", f"model.dropout={DROPOUT}"]
    chosen += [f"model.filters={[*FILTERS]}", f"model.hidden={[*HIDDEN]}", *overrides]
    shape, steps = (SIZE, SIZE, 1), epochs * (len(given[1]) // batch)
    return in_graph.training_job(chosen, given, shape, steps, CLASSES, repeats=1)


def article(setting: Setting) -> Job:
    """One `Session.run` a step, each batch fed."""
    return fed_job(data(setting), BATCH)


def fed_job(given: tuple[np.ndarray, np.ndarray], batch: int, epochs: int = 1) -> Job:
    """One `Session.run` a step, each batch fed, on given images."""
    import tensorflow as tf

    v1 = tf.compat.v1
    images, label = given
    variable, normal = v1.Variable, tf.keras.initializers.HeNormal()
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, SIZE * SIZE])
        y = v1.placeholder(tf.float32, [None, 1])
        rate = v1.placeholder_with_default(0.0, [])
        values = tf.reshape(x, [-1, SIZE, SIZE, 1])
        for filters in FILTERS:
            kernel = variable(normal([5, 5, values.shape[3], filters]))
            values = tf.nn.conv2d(values, kernel, 1, "SAME") + variable(tf.zeros([filters]))
            values = tf.nn.max_pool2d(tf.nn.relu(values), 2, 2, "SAME")
        values = tf.reshape(values, [-1, int(np.prod(values.shape[1:]))])
        for width in HIDDEN:
            values = tf.matmul(values, variable(normal([values.shape[1], width])))
            values = tf.nn.relu(values + variable(tf.zeros([width])))
            values = tf.nn.dropout(values, rate)
        logits = tf.matmul(values, variable(normal([HIDDEN[-1], CLASSES]))) + variable(
            tf.zeros([CLASSES])
        )
        classes = tf.cast(y[:, 0], tf.int32)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))
        step = v1.train.AdamOptimizer(RATE).minimize(loss)
        initialize = v1.global_variables_initializer()
    session = v1.Session(graph=graph)

    def run() -> None:
        session.run(initialize)
        generator = np.random.default_rng(0)
        for _ in range(epochs):
            for rows in generator.permutation(len(label)).reshape(-1, batch):
                session.run([step, loss], {x: images[rows], y: label[rows], rate: DROPOUT})

    def result() -> float:
        return float(session.run(loss, {x: images[:LOSS_ROWS], y: label[:LOSS_ROWS]}))

    return Job(run, epochs * (len(label) // batch), result, repeats=1)


def keras_model() -> Any:
    """Return the network, compiled for `fit` on images `[rows, 28, 28, 1]`."""
    import keras
    from keras import layers

    model = keras.Sequential([layers.Input([SIZE, SIZE, 1])])
    for filters in FILTERS:
        model.add(layers.Conv2D(filters, 5, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    for width in HIDDEN:
        model.add(layers.Dense(width, activation="relu"))
        model.add(layers.Dropout(DROPOUT))
    model.add(layers.Dense(CLASSES))
    crossed = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), crossed)
    return model


def keras_fit(setting: Setting) -> Job:
    """An epoch of `fit`."""
    images, label = data(setting)
    images = images.reshape(-1, SIZE, SIZE, 1)

    def fit(rows: int) -> Any:
        model = keras_model()
        model.fit(images[:rows], label[:rows], batch_size=BATCH, verbose=0)
        return model

    fit(4 * BATCH)  # the warm-up
    models = []
    return Job(
        lambda: models.append(fit(len(label))),
        len(label) // BATCH,
        lambda: models[-1].evaluate(images[:LOSS_ROWS], label[:LOSS_ROWS], verbose=0),
        repeats=1,
        warm_up=False,
    )


def torch_model() -> Any:
    """Return the network for images `[rows, 1, 28, 28]`."""
    from torch import nn

    wide, filters = SIZE // 4 * (SIZE // 4) * FILTERS[1], (1, *FILTERS)
    blocks = [
        layer
        for before, after in zip(filters, FILTERS, strict=False)
        for layer in (nn.Conv2d(before, after, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2))
    ]
    dense = [
        layer
        for before, after in zip((wide, *HIDDEN), HIDDEN, strict=False)
        for layer in (nn.Linear(before, after), nn.ReLU(), nn.Dropout(DROPOUT))
    ]
    return nn.Sequential(*blocks, nn.Flatten(), *dense, nn.Linear(HIDDEN[-1], CLASSES))


def torch_by_hand(setting: Setting) -> Job:
    """Batches taken from tensors by index."""
    import torch
    from torch import nn

    images, label = map(torch.from_numpy, data(setting))
    images, label = images.reshape(-1, 1, SIZE, SIZE), label[:, 0].long()
    model = torch_model()
    optimizer = torch.optim.Adam(model.parameters(), RATE)

    def run() -> None:
        model.train()
        for rows in torch.randperm(len(label)).reshape(-1, BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[rows]), label[rows]).backward()
            optimizer.step()

    def result() -> float:
        model.eval()
        with torch.no_grad():
            return float(nn.functional.cross_entropy(model(images[:LOSS_ROWS]), label[:LOSS_ROWS]))

    return Job(run, len(label) // BATCH, result, repeats=1, warm_up=False)
