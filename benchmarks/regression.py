"""The article's regression with several libraries: same data, same steps, same loss."""

import numpy as np

from benchmarks.workload import Contender, Job, Setting, Workload

ROWS, COLUMNS, RATE = 4000, 4, 0.2

WORKLOAD = Workload(
    name="regression",
    module=__name__,
    title="The article's regression: 4,000 × 4, full batch, gradient descent",
    unit="1,000 steps",
    scale=1000,
    result="final loss",
    contenders=(
        Contender("pipeline", "pipeline", ours=True),
        Contender("pipeline, train.xla=true", "pipeline", ("train.xla=true",), ours=True),
        Contender("the article's loop, feed_dict", "article", required=8),
        Contender("tf.function, a step a call", "function", required=10),
        Contender("Keras fit", "keras_fit", required=500, most_rounds=1),
        Contender("NumPy by hand", "numpy_by_hand", required=0.8),
        Contender("scikit-learn, closed form", "closed_form"),
        Contender("PyTorch by hand", "torch_by_hand", library="torch"),
    ),
    note="Keras takes 200 steps, which is enough for the same loss. The closed form takes none; its"
    " time is that of one fit.",
    limits="without XLA a step is 50 operations on 4,000 × 4 numbers, and the session needs as"
    " long between two of them as most of them compute. One thread, no oneDNN, fused kernels and"
    " features held by column were tried: none is faster by more than the noise, the last is"
    " slower. XLA makes a few loops of the step, and everything required is met.",
)


def data() -> tuple[np.ndarray, np.ndarray]:
    """Return features and label, `[rows, 4]` and `[rows, 1] float32`."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    label = features @ generator.normal(size=(COLUMNS, 1)) + generator.normal(size=(ROWS, 1))
    return features, label.astype(np.float32)


def _steps(setting: Setting) -> int:
    return setting.size(1000, 50)


def pipeline(setting: Setting, *overrides: str) -> Job:
    """The loop in the graph."""
    from benchmarks import in_graph

    steps = _steps(setting)
    return in_graph.training_job(["model=linear", *overrides], data(), (COLUMNS,), steps)


def article(setting: Setting) -> Job:
    """One `Session.run` a step, which feeds the data each time."""
    import tensorflow as tf

    v1, steps = tf.compat.v1, _steps(setting)
    features, label = data()
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, COLUMNS])
        y = v1.placeholder(tf.float32, [None, 1])
        weights = v1.Variable(tf.random.normal([COLUMNS, 1]))
        bias = v1.Variable(tf.ones([1]))
        loss = tf.reduce_mean(tf.square(tf.matmul(x, weights) + bias - y))
        step = v1.train.GradientDescentOptimizer(RATE).minimize(loss)
        initialize = v1.global_variables_initializer()
    session, feed = v1.Session(graph=graph), {x: features, y: label}

    def run() -> None:
        session.run(initialize)
        for _ in range(steps):
            session.run([step, loss], feed)

    return Job(run, steps, lambda: float(session.run(loss, feed)))


def function(setting: Setting) -> Job:
    """`tf.function` with `GradientTape`, called for each step."""
    import tensorflow as tf

    steps = _steps(setting)
    x, y = map(tf.constant, data())
    weights, bias = tf.Variable(tf.zeros([COLUMNS, 1])), tf.Variable(tf.ones([1]))

    def loss() -> tf.Tensor:
        return tf.reduce_mean(tf.square(tf.matmul(x, weights) + bias - y))

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss()
        by_weights, by_bias = tape.gradient(value, [weights, bias])
        weights.assign_sub(RATE * by_weights)
        bias.assign_sub(RATE * by_bias)
        return value

    def run() -> None:
        weights.assign(tf.random.normal([COLUMNS, 1]))
        bias.assign(tf.ones([1]))
        for _ in range(steps):
            step()

    return Job(run, steps, lambda: float(loss()))


def keras_fit(setting: Setting) -> Job:
    """A dense layer; an epoch is a step."""
    import keras

    steps = setting.size(200, 50)
    features, label = data()
    model = keras.Sequential([keras.layers.Input([COLUMNS]), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(RATE), "mse")

    def fit(epochs: int) -> None:
        model.fit(features, label, batch_size=ROWS, epochs=epochs, verbose=0)

    fit(2)  # the warm-up
    return Job(
        lambda: fit(steps),
        steps,
        lambda: model.evaluate(features, label, batch_size=ROWS, verbose=0),
        repeats=1,
        warm_up=False,
    )


def numpy_by_hand(setting: Setting) -> Job:
    """The gradient in NumPy."""
    steps = _steps(setting)
    features, label = data()
    weights, bias = np.empty((COLUMNS, 1), np.float32), np.empty(1, np.float32)

    def run() -> None:
        weights[:] = np.random.default_rng(0).normal(size=(COLUMNS, 1))
        bias[:] = 1
        for _ in range(steps):
            error = features @ weights + bias - label
            np.mean(np.square(error))
            weights[:] -= RATE * 2 / ROWS * (features.T @ error)
            bias[:] -= RATE * 2 * error.mean(0)

    return Job(run, steps, lambda: float(np.mean(np.square(features @ weights + bias - label))))


def closed_form(setting: Setting) -> Job:
    """Least squares without steps."""
    from sklearn.linear_model import LinearRegression

    features, label = data()
    model = LinearRegression()

    def result() -> float:
        return float(np.mean(np.square(model.predict(features) - label)))

    return Job(lambda: model.fit(features, label), _steps(setting), result)


def torch_by_hand(setting: Setting) -> Job:
    """Autograd and `torch.optim.SGD`."""
    import torch

    steps = _steps(setting)
    features, label = map(torch.from_numpy, data())
    model = torch.nn.Linear(COLUMNS, 1)
    optimizer = torch.optim.SGD(model.parameters(), RATE)

    def loss() -> torch.Tensor:
        return torch.nn.functional.mse_loss(model(features), label)

    def run() -> None:
        model.reset_parameters()
        for _ in range(steps):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()

    return Job(run, steps, lambda: float(loss().detach()))
