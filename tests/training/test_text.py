"""Text columns in a training: compiled, on several devices, diagnosed, and in TensorBoard."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.data.examples import TextCells
from pipeline.data.fitting import MAX_COMPARED
from pipeline.errors import TrainingError
from pipeline.training.graph import build_training_graph
from pipeline.training.rows import create_rows
from pipeline.workspace import Workspace

from ..conftest import Run
from ..small import examples, job_of

pytestmark = pytest.mark.slow

# Of few levels, which are one-hot, and of many, which are hashed and embedded.
LEVELS, ROWS = (3, MAX_COMPARED + 50), 300
TEXT = TextCells(
    ("few", "many"),
    np.stack([np.arange(ROWS, dtype=np.int32) % count for count in LEVELS], axis=1),
    tuple(np.array(["", *map(str, range(1, count))], object) for count in LEVELS),
)


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "adam"])
def test_compiled_training_is_the_same_but_for_rounding(settings, train, optimizer: str):
    chosen = ("device=cpu", "model=mlp", f"optimizer={optimizer}", "train=full_batch")
    given = examples(ROWS, text=TEXT)
    losses, variables = train(settings(*chosen, "train.steps=20"), given=given)
    chosen = (*chosen, "train.steps=20", "train.xla=true")
    compiled, others = train(settings(*chosen), given=given)
    np.testing.assert_allclose(compiled, losses, rtol=1e-4)
    assert np.abs(variables["network/code_2/embedding"]).max() > 0
    for name, values in variables.items():
        np.testing.assert_allclose(others[name], values, atol=1e-4, err_msg=name)


def test_momentum_moves_the_embeddings_of_all_rows(settings, train):
    given = examples(ROWS, text=TEXT)
    chosen = ("device=cpu", "model=mlp", "optimizer=momentum", "train=minibatch")
    _, one = train(settings(*chosen, "train.batch_size=1", "train.steps=1"), given=given)
    _, two = train(settings(*chosen, "train.batch_size=1", "train.steps=2"), given=given)
    (first,) = np.flatnonzero(one["network/code_2/embedding"].any(1))
    moved = two["network/code_2/embedding"] - one["network/code_2/embedding"]
    assert moved[first].any()
    assert len(np.flatnonzero(moved.any(1))) == 2


def test_numbers_alone_are_trained_as_if_there_were_no_text(settings, train):
    given = examples(ROWS)
    _, variables = train(settings("device=cpu", "model=mlp", "train.steps=3"), given=given)
    assert not any("code" in name for name in variables)


def write_table(path: Path) -> None:
    rows = (f"{'abc'[i % 3]},{i % 150},{i % 7},{'xyz'[i % 3]}" for i in range(ROWS))
    path.write_text("\n".join(["few,many,number,class", *rows]), encoding="utf-8")


OWN = ("data=csv", "data.path=own.csv", "data.validation_share=0", "train.steps=20")


def test_embeddings_that_diverge_are_diagnosed(run: Run, folder: Path):
    write_table(folder / "own.csv")
    target = ("data.target=number", "data.task=regression", "data.text=[many]")
    what = r"a largest gradient of \S+ \(network/\S+\); the loss rose .* the training diverges"
    with pytest.raises(TrainingError, match=what):
        run(*OWN, *target, "model=mlp", "optimizer=gradient_descent", "optimizer.learning_rate=1e4")


def test_tensorboard_of_text_alone_has_no_embedding(run: Run, folder: Path):
    write_table(folder / "own.csv")
    run(*OWN, "data.target=class", "data.features=[few]", "model=softmax", "train.tensorboard=true")
    (written,) = Workspace.here().tensorboard.iterdir()
    assert [file.name.split(".")[0] for file in written.iterdir()] == ["events"]


def test_an_embedding_has_a_device_of_its_own(settings, tmp_path: Path):
    chosen = settings("device=cpu", "model=mlp", "device.placement={code_2: /device:CPU:1}")
    job = job_of(chosen, tmp_path, examples(ROWS, text=TEXT))
    graph = build_training_graph(job, create_rows(job)).graph
    assert graph.get_operation_by_name("network/code_2/embedding").device == "/device:CPU:1"
