"""Training on rows that stream from disk, against rows in memory and Keras."""

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
    result="RMSE of 10,000 rows, in standard deviations of the target",
    contenders=(
        Contender("pipeline, train.stream=true", "train", ("true",), ours=True),
        Contender("pipeline, rows in memory", "train", ("false",), required=0.9),
        Contender("Keras fit on tf.data", "keras_fit", required=15),
    ),
    most_memory=1.5e9,
    note="The stage `train` as a whole in a process that has imported TensorFlow, checkpoints and"
    " learning curve included; both read `data/prepared`.",
    limits="a step of 1,024 × 8 numbers is 60 operations: compiled, it takes 13 to 19 µs, and 33 of"
    " processor time otherwise. A thread beside it reads, gathers and turns: 1.1 ms a window, or"
    " 17 µs a step. What is not the loop takes 0.35 s, and compiling 0.3. The first training on new"
    " rows also hashes 880 MB for the name of the state from which a killed training goes on; later"
    " ones know the digest. Four windows a call take a quarter less processor time than one. Tried"
    " without gain: tf.data in five ways (decisions/006-rows-come-in-slices.md), rows scaled where"
    " they are read, control flow of TensorFlow 1 (73 nodes for 101, 2 µs), aggressive loop"
    " optimization, bodies of 4, 8 and 16 steps, all operations in the caller's thread.",
)


def train(setting: Setting, stream: str) -> Job:
    """The stage `train` in this process."""
    from benchmarks import pipeline_calls

    repository = _prepare(setting)
    rows = _count_rows(repository)
    overrides = [f"train.steps={rows // BATCH}", f"train.stream={stream}"]
    repository.compose(*_overrides(setting), *overrides)

    def result() -> float:
        features, label = _read_arrays(repository, "sample")
        predict = pipeline_calls.open_predict(repository.path, "artifacts/checkpoint")
        return float(np.sqrt(np.mean(np.square(predict(features) - label))) / label.std())

    run = pipeline_calls.open_stage(repository.path, "train")
    return Job(run, rows, result, repeats=1, warm_up=False)


def keras_fit(setting: Setting) -> Job:
    """`fit` on batches that tf.data cuts from the same files and shuffles within a window."""
    import keras
    import tensorflow as tf

    repository = _prepare(setting)
    rows = _count_rows(repository)
    arrays = (_train_folder(repository) / f"{name}.npy" for name in ("features", "label"))

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
        features, label = _read_arrays(repository, "train")
        return float(np.sqrt(model.evaluate(features, label, verbose=0)) / label.std())

    return Job(lambda: model.fit(data, verbose=0), rows, result, repeats=1, warm_up=False)


def _overrides(setting: Setting) -> list[str]:
    rows = setting.size(20_000_000, 200_000)
    return [
        "data=synthetic", f"data.columns={COLUMNS}", f"data.rows={rows + 10_000}",
        f"data.test_share={10_000 / (rows + 10_000)}", "model=linear", "train=minibatch",
        f"train.batch_size={BATCH}", f"train.window={WINDOW}", "device=cpu",
        "train.log_every=1000", "train.checkpoint_every=1000000",
    ]  # fmt: skip


def _prepare(setting: Setting) -> Clone:
    """Return a repository with the prepared rows; the first contender makes it."""
    root = setting.scratch / "rows"
    if root.exists():
        return Clone(root)
    repository = clone.fresh(root)
    repository.compose(*_overrides(setting))
    repository.run_stages("prepare")
    return repository


def _train_folder(repository: Clone) -> Path:
    return repository.path / "data/prepared/train"


def _count_rows(repository: Clone) -> int:
    return len(np.load(_train_folder(repository) / "label.npy", mmap_mode="r"))


def _read_arrays(repository: Clone, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return features and label of 10,000 rows: raw in `sample`, encoded in `train`."""
    features, label = (
        np.load(repository.path / f"data/prepared/{split}/{name}.npy", mmap_mode="r")[:10_000]
        for name in ("features", "label")
    )
    return features, label
