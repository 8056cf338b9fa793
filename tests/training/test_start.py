"""Going on from another training's checkpoint: all of it, or some variables."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ArtifactError, ConfigError

from .test_training import BATCHES, same

pytestmark = pytest.mark.slow

MLP = ("model=mlp", "model.hidden=[8,8]", "optimizer=adam", *BATCHES)


@pytest.fixture
def before(settings, train, tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """A checkpoint of 20 steps, and its variables."""
    _, variables = train(settings(*MLP, "train.steps=20"), folder=tmp_path / "before")
    return tmp_path / "before", variables


def start(folder: Path, *more: str) -> list[str]:
    return [f"train.start.checkpoint={folder}", *more]


def test_going_on_with_everything_is_as_if_it_had_never_ended(settings, train, before):
    chosen = settings(*MLP, "train.steps=50", *start(before[0], "train.start.take=everything"))
    rest, variables = train(chosen)
    losses, uninterrupted = train(settings(*MLP, "train.steps=50"))
    assert rest.tobytes() == losses[20:].tobytes()
    assert same(variables, uninterrupted)


def test_weights_alone_are_taken_and_the_optimizer_begins_anew(settings, train, before):
    _, variables = train(
        settings(*MLP, "train.steps=1", "optimizer.learning_rate=1e-30", *start(before[0]))
    )
    for name, value in before[1].items():
        if name.startswith("network/") and "Adam" not in name:
            np.testing.assert_array_equal(variables[name], value)
    assert variables["global_step"] == 1


def test_some_variables_are_taken_and_only_the_rest_is_initialized(settings, train, before):
    frozen = ("train.steps=1", "optimizer.learning_rate=1e-30")
    _, fresh = train(settings(*MLP, *frozen, "seed=1"))
    chosen = settings(
        *MLP, *frozen, "seed=1", *start(before[0], "train.start.variables=[hidden_1]")
    )
    _, variables = train(chosen)
    for name, value in variables.items():
        if name.startswith("network/") and "Adam" not in name:
            expected = before[1] if name.startswith("network/hidden_1") else fresh
            np.testing.assert_allclose(value, expected[name], atol=1e-20)


def test_another_head_is_initialized_where_shapes_differ(settings, train, before):
    other = ("model=mlp", "model.hidden=[8,5]", "optimizer=adam", *BATCHES)
    chosen = settings(*other, "train.steps=1", "optimizer.learning_rate=1e-30", *start(before[0]))
    _, variables = train(chosen)
    np.testing.assert_array_equal(
        variables["network/hidden_1/weights"], before[1]["network/hidden_1/weights"]
    )
    assert variables["network/hidden_2/weights"].shape == (8, 5)


def test_a_map_of_names_takes_variables_that_have_others(settings, train, before):
    wider = ("model=mlp", "model.hidden=[8,8,8]", "optimizer=adam", *BATCHES)
    names = {f"network/hidden_2/{part}": f"hidden_3/{part}" for part in ("weights", "bias")}
    given = ", ".join(f"{old}: {new}" for old, new in names.items())
    chosen = settings(
        *wider, "train.steps=0", *start(before[0], f"train.start.variables={{{given}}}")
    )
    _, variables = train(chosen)
    for old, new in names.items():
        np.testing.assert_array_equal(variables[f"network/{new}"], before[1][old])
    assert not np.array_equal(
        variables["network/hidden_2/weights"], before[1]["network/hidden_2/weights"]
    )


@pytest.mark.parametrize(
    ("what", "more", "error", "message"),
    [
        (
            "Start that names variables which do not exist",
            ["train.start.variables=[hiden_1]"],
            ConfigError,
            "begins with 'hiden_1'; nearest: hidden_1",
        ),
        (
            "Start from a checkpoint of another shape",
            ["train.start.take=everything", "model.hidden=[8,5]"],
            ArtifactError,
            "does not fit: network",
        ),
        (
            "Start that takes a variable of another shape",
            ["train.start.variables=[hidden_2]", "model.hidden=[8,5]"],
            ArtifactError,
            r"has shape \[8, 8\]",
        ),
        (
            "Start from a variable of another name that is not there",
            ["train.start.variables={network/hidden_2/wights: hidden_2/weights}"],
            ArtifactError,
            "network/hidden_2/wights is missing, .*nearest: network/hidden_2/weights",
        ),
    ],
)
def test_what_does_not_fit_is_named(settings, train, before, failure, what, more, error, message):
    with failure.raises(what, error, match=message):
        train(settings(*MLP, "train.steps=30", *start(before[0], *more)))


def test_a_folder_without_a_checkpoint_is_refused(settings, train, tmp_path: Path, failure):
    (tmp_path / "empty").mkdir()
    with failure.raises("Start from an empty folder", ArtifactError, match="has no checkpoint"):
        settings(*MLP, *start(tmp_path / "empty"))
    (tmp_path / "empty/checkpoint").write_text("")
    with failure.raises("Start from an emptied checkpoint", ArtifactError, match="is damaged"):
        train(settings(*MLP, *start(tmp_path / "empty")))


def elsewhere(name: str) -> str:
    """The state that TensorFlow writes by default: the path of the folder at that time."""
    return f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n'


@pytest.mark.parametrize("place", ["/there/run/model.ckpt-20", r"C:\\run\\model.ckpt-20"])
def test_a_moved_folder_with_absolute_paths_is_a_start(settings, train, before, place: str):
    (before[0] / "checkpoint").write_text(elsewhere(place))
    chosen = settings(*MLP, "train.steps=50", *start(before[0], "train.start.take=everything"))
    rest, _ = train(chosen)
    assert len(rest) == 30


def test_the_folder_that_a_copy_names_is_not_read(settings, train, before, tmp_path: Path):
    train(settings(*MLP, "train.steps=20", "seed=9"), folder=tmp_path / "other")
    path = tmp_path / "other/model.ckpt-20"
    (before[0] / "checkpoint").write_text(elsewhere(str(path)))
    frozen = ("train.steps=1", "optimizer.learning_rate=1e-30")
    _, taken = train(settings(*MLP, *frozen, *start(before[0])))
    name = "network/output/weights"
    np.testing.assert_array_equal(taken[name], before[1][name])
    for file in before[0].glob("model.ckpt-*"):
        file.unlink()
    with pytest.raises(ArtifactError, match="has no checkpoint"):
        train(settings(*MLP, *frozen, *start(before[0])))


def test_a_state_that_names_nothing_is_refused(settings, train, before, failure):
    (before[0] / "checkpoint").write_text(elsewhere("/there/run/model.ckpt-21"))
    what = "Start from a checkpoint that is not in its folder"
    with failure.raises(what, ArtifactError, match="has no checkpoint model.ckpt-21"):
        train(settings(*MLP, "train.steps=50", *start(before[0])))


def test_a_damaged_checkpoint_is_refused(settings, train, before, failure):
    chosen = settings(*MLP, "train.steps=30", *start(before[0]))
    for values in before[0].glob("*.data-*"):
        values.write_bytes(bytes(byte ^ 1 for byte in values.read_bytes()))
    with failure.raises("Start from a damaged checkpoint", ArtifactError, match="is damaged"):
        train(chosen)
