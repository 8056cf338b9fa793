"""Whatever is given or damaged: a message, or the same result; never a traceback."""

from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pipeline import composition, parameters
from pipeline.artifacts.checkpoint import Checkpoints
from pipeline.artifacts.inspection import inspect
from pipeline.errors import ConfigError, PipelineError
from pipeline.graph import tf
from pipeline.runtimes.forms import open_model
from pipeline.settings import Settings

from .artifacts import made
from .conftest import REPOSITORY
from .small import examples

pytestmark = pytest.mark.slow


def thorough(most: int = 100) -> Any:
    """Try the same examples on every machine, however slow it is."""
    return hypothesis_settings(
        max_examples=most,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return bytes with some flipped, cut off, put in or left out."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.sampled_from(("flip", "cut", "insert", "leave out"))):
            case "flip" if content:
                content[place] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del content[place:]
            case "insert":
                content[place:place] = draw(st.binary(min_size=1, max_size=9))
            case _:
                del content[place : place + draw(st.integers(1, 99))]
    return bytes(content)


KEYS = sorted({key for key, _ in parameters.declared()})

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["???", "${seed}", "${oc.env:HOME}", "${x", "1e-3", "mlp", "w.npy", "/gpu:0"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def text() -> str:
    """The params.yaml of conf/."""
    with chdir(REPOSITORY):
        return composition.composed()[1]


@thorough(150)
@given(key=st.sampled_from(KEYS), value=values)
def test_any_value_of_any_key_is_valid_or_one_message(text: str, key: str, value: Any):
    whole = OmegaConf.to_container(OmegaConf.create(text))
    *above, last = key.split(".")
    section = whole
    for name in above:
        section = section.setdefault(name, {})
    section[last] = value
    try:
        assert isinstance(parameters.check(whole, "params.yaml"), Settings)
    except ConfigError as error:
        assert str(error).startswith("params.yaml: ")


@thorough(35)
@given(
    key=st.sampled_from([*KEYS, "model", "data", "experiment", "nowhere"]),
    sign=st.sampled_from(["", "+", "++", "~"]),
    value=st.text(max_size=12) | values.map(str),
)
def test_any_override_is_composed_or_one_message(key: str, sign: str, value: str):
    with chdir(REPOSITORY):
        try:
            composition.composed([f"{sign}{key}={value}"])
        except PipelineError as error:
            assert str(error)


@thorough(150)
@given(data=st.data())
def test_damaged_params_are_the_same_or_one_message(
    text: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_bytes(data.draw(damaged(text.encode())))
    try:
        assert isinstance(parameters.load(path), Settings)
    except ConfigError as error:
        assert str(error).startswith(str(path))


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


FORMS = ("frozen", "saved_model", "checkpoint")


def drawn(data: st.DataObject, home: Path) -> tuple[Path, bytes]:
    """Choose a file of a folder, and a damaged content for it."""
    files = sorted(file for file in home.rglob("*") if file.is_file())
    file = data.draw(st.sampled_from(files))
    return file, data.draw(damaged(file.read_bytes()))


def predicted(form: Path) -> bytes:
    with open_model(form) as model:
        return model.predict(examples()[1].features).tobytes()


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
        chosen, _ = composition.composed(["train.steps=3", "train.checkpoint_every=1"])
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
