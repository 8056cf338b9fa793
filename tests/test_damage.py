"""Whatever is given or damaged: a message, or the same result; never a traceback."""

from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import composing as composition
from pipeline.errors import PipelineError
from pipeline.graph import tf
from pipeline.inspection.model import inspect
from pipeline.models.run.form import predict_in_pieces
from pipeline.models.run.registry import open_model
from pipeline.training.checkpoints import Checkpoints
from pipeline.workspace import Workspace

from .conftest import REPOSITORY
from .damage import damaged, thorough
from .models import made
from .small import examples

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All forms of a small model."""
    return made.small(tmp_path_factory.mktemp("damage") / "model")


@pytest.fixture(scope="module")
def stranger(model: Path) -> Path:
    """The same without a signature."""
    copy = made.copied(model, model.parent / "stranger")
    for signature in copy.rglob("model.json"):
        signature.unlink()
    return copy


FORMS = ("frozen", "saved_model", "saved_model_tagged", "checkpoint")


def drawn(data: st.DataObject, home: Path) -> tuple[Path, bytes]:
    """Choose a file of a folder, and a damaged content for it."""
    files = sorted(file for file in home.rglob("*") if file.is_file())
    file = data.draw(st.sampled_from(files))
    return file, data.draw(damaged(file.read_bytes()))


def predicted(form: Path) -> bytes:
    with open_model(form, Workspace.here()) as runner:
        return predict_in_pieces(runner, examples()[1].inputs()).tobytes()


def described(form: Path) -> str:
    return inspect(form).to_text(operations=True).partition("\n\n")[2]  # without path and size


@cache
def once(use: Any, form: Path) -> Any:
    """Return what comes of a whole model."""
    return use(form)


@thorough()
@given(data=st.data())
def test_a_damaged_model_is_as_it_was_or_refused(model: Path, data: st.DataObject):
    use = data.draw(st.sampled_from((predicted, described)))
    form = model / data.draw(st.sampled_from(FORMS))
    expected = once(use, form)
    with made.replaced(*drawn(data, form)):
        try:
            assert use(form) == expected
        except PipelineError as error:
            assert "\n" not in str(error)


@thorough()
@given(data=st.data())
def test_a_damaged_model_of_a_stranger_is_described_or_refused(stranger: Path, data: st.DataObject):
    form = stranger / data.draw(st.sampled_from(FORMS))
    with made.replaced(*drawn(data, form)):
        try:
            assert described(form)
        except PipelineError as error:
            assert "\n" not in str(error)


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Any, Any, Any]]:
    """Checkpoints of steps 1, 2 and 3, in which a variable has the step as its values."""
    folder = tmp_path_factory.mktemp("resumed") / "work"
    folder.mkdir()
    with chdir(REPOSITORY):
        chosen, _ = composition.compose(
            Workspace.here(), ["train.steps=3", "train.checkpoint_every=1"]
        )
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("v", [50])
        set_to = tf.compat.v1.placeholder(tf.float32, [])
        assign = variable.assign(tf.fill([50], set_to))
        checkpoints = Checkpoints(graph, chosen.train, folder)
        for step in (1, 2, 3):
            session.run(assign, {set_to: step})
            checkpoints.save(session, step)
        yield folder, checkpoints, session, variable


@thorough()
@given(data=st.data())
def test_a_training_goes_on_from_a_sound_checkpoint_or_from_none(resumed, data: st.DataObject):
    folder, checkpoints, session, variable = resumed
    whole = {file: file.read_bytes() for file in folder.iterdir()}
    file, content = drawn(data, folder)
    file.write_bytes(content)
    step = checkpoints.restore(session)
    if step:
        assert (session.run(variable) == np.float32(step)).all()
    for file, content in whole.items():
        file.write_bytes(content)
