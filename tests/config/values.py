"""Values of params.yaml, changes of them, and the message about mistakes."""

import copy
from functools import cache
from typing import Any

import pytest
from omegaconf import OmegaConf

from pipeline.config import checking, composing
from pipeline.errors import ConfigError
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY


def default_values() -> Any:
    """Return the values of conf/ without overrides."""
    return copy.deepcopy(_composed_values())


def refused(values) -> str:
    with pytest.raises(ConfigError) as caught:
        checking.check(values, "params.yaml")
    return str(caught.value)


def given(values: dict[str, Any], key: str, value: Any, option: str = "") -> dict[str, Any]:
    """Return the values with one of them changed, under another option of its group."""
    changed = copy.deepcopy(values)
    *above, last = key.split(".")
    if option:
        changed[above[0]] = {Settings.SELECTORS[above[0]]: option}
    section = changed
    for name in above:
        section = section[name]
    section[last] = value
    return changed


@cache
def _composed_values() -> Any:
    _, text = composing.compose(Workspace(REPOSITORY))
    return OmegaConf.to_container(OmegaConf.create(text))
