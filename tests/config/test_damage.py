"""Any value, any override and any damage to params.yaml: valid settings, or one message."""

from contextlib import chdir
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pipeline.config import checking, composing
from pipeline.config.describing import list_parameters
from pipeline.errors import ConfigError, PipelineError
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY
from ..damage import damaged, thorough

pytestmark = pytest.mark.slow

KEYS = sorted({key for key, _ in list_parameters()})

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
        return composing.compose(Workspace.here())[1]


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
        assert isinstance(checking.check(whole, "params.yaml"), Settings)
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
            composing.compose(Workspace.here(), [f"{sign}{key}={value}"])
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
        assert isinstance(checking.read_settings(path), Settings)
    except ConfigError as error:
        assert str(error).startswith(str(path))
