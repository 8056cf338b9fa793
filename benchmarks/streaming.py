"""Rows that stream from disk while a linear model trains, against rows in memory and Keras."""

from pathlib import Path

import numpy as np

from benchmarks import clone
from benchmarks.clone import Clone
from benchmarks.workload import Contender, Job, Setting, Workload

COLUMNS, BATCH, WINDOW = 8, 1024, 65_536

WORKLOAD = Workload(
    name="streaming",
    module=__name__,
    title="Streaming 20,000,000 rows × 8 from disk, linear model, batch 1,024, one epoch",
    unit="1,000,000 rows",
    scale=1_000_000,
    result="RMSE of 10,000 rows",
    contenders=(
        Contender("pipeline, train.stream=true", "train", ("true",), ours=True),
        Contender("pipeline, rows in memory", "train", ("false",), required=0.6),
        Contender("Keras fit on tf.data", "keras_fit", required=15, most_rounds=1),
    ),
    most_memory=1.5e9,
    note="The stage `train` as a whole in a process that has imported TensorFlow, checkpoints and"
    " learning curve included; both read `data/prepared`.",
    limits="with the same window again and again, so with no reading at all, the stage still"
    " takes three quarters of its time: steps of 1,024 × 8 numbers that are 60 operations each,"
    " and the hash of 880 MB that names the state from which a killed training goes on. Keras keeps"
    " no such state. Tried: tf.data in five ways (decisions/006-rows-come-in-slices.md), windows"
    " that are fed and not copied, rows scaled where they are read, two readers, XLA, pieces hashed"
    " on all cores.",
)


def train(setting: Setting, stream: str) -> Job:
    """The stage `train` in this process."""
    import os

    import pipeline.graph  # noqa: F401  (TensorFlow is imported)
    from pipeline import files, memory, parameters
    from pipeline.stages import train as stage

    memory.keep_freed()
    home = _prepared(setting)
    rows = _rows(home)
    home.compose(*_chosen(setting), f"train.steps={rows // BATCH}", f"train.stream={stream}")
    os.chdir(home.path)
    settings = parameters.load(files.PARAMS)

    def result() -> float:
        from pipeline.runtimes.forms import open_model

        features, label = _judged(home)
        with open_model(files.CHECKPOINT) as model:
            return float(np.sqrt(np.mean(np.square(model.predict(features) - label))))

    def work() -> None:
        stage.run(settings)

    return Job(work, rows, result, repeats=1, warm_up=False)


def keras_fit(setting: Setting) -> Job:
    """`fit` on batches that tf.data cuts from the same files and shuffles within a window."""
    import keras
    import tensorflow as tf

    home = _prepared(setting)
    rows = _rows(home)
    arrays = (_train(home) / f"{name}.npy" for name in ("features", "label"))

    def batches(file: Path) -> tf.data.Dataset:
        width = np.load(file, mmap_mode="r").shape[1]
        header = file.stat().st_size - 4 * rows * width
        left = 4 * width * (rows % BATCH)
        read = tf.data.FixedLengthRecordDataset(str(file), 4 * width * BATCH, header, left)
        return read.map(
            lambda block: tf.reshape(tf.io.decode_raw(block, tf.float32), [BATCH, width])
        )

    both = tf.data.Dataset.zip(tuple(map(batches, arrays))).shuffle(WINDOW // BATCH)
    model = keras.Sequential([keras.layers.Input([COLUMNS]), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.2), "mse")
    data = both.prefetch(tf.data.AUTOTUNE)

    def result() -> float:
        features, label = _judged(home)
        return float(np.sqrt(model.evaluate(features, label, verbose=0)))

    return Job(lambda: model.fit(data, verbose=0), rows, result, repeats=1, warm_up=False)


def _chosen(setting: Setting) -> list[str]:
    rows = setting.size(20_000_000, 200_000)
    return [
        "data=synthetic", f"data.columns={COLUMNS}", f"data.rows={rows + 10_000}",
        f"data.test_share={10_000 / (rows + 10_000)}", "model=linear", "train=minibatch",
        f"train.batch_size={BATCH}", f"train.window={WINDOW}", "device=cpu",
        "train.log_every=1000", "train.checkpoint_every=1000000",
    ]  # fmt: skip


def _prepared(setting: Setting) -> Clone:
    """Return a repository with the prepared rows; the first contender makes it."""
    home = setting.scratch / "rows"
    if home.exists():
        return Clone(home)
    made = clone.fresh(home)
    made.compose(*_chosen(setting))
    made.stage("prepare")
    return made


def _train(home: Clone) -> Path:
    return home.path / "data/prepared/train"


def _rows(home: Clone) -> int:
    return len(np.load(_train(home) / "label.npy", mmap_mode="r"))


def _judged(home: Clone) -> tuple[np.ndarray, np.ndarray]:
    features, label = (
        np.load(_train(home) / f"{name}.npy", mmap_mode="r")[:10_000]
        for name in ("features", "label")
    )
    return features, label
