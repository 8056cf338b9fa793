"""A fixture that makes the settings of one data source from conf/data."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hydra import compose as compose_by_hydra
from hydra import initialize_config_dir
from omegaconf import OmegaConf
from pydantic import TypeAdapter

from pipeline.schema.data import Data

from ..conftest import REPOSITORY


@pytest.fixture
def data(in_repository: None) -> Callable[..., Data]:
    """Read an option of conf/data and change some of its keys; `target_` stands for `_target_`."""

    def compose(option: str, **changes: Any) -> Data:
        values = _values_of(option)
        if "target_" in changes:
            changes["_target_"] = changes.pop("target_")
        # Tests ask for validation rows where they need them.
        return TypeAdapter(Data).validate_python(values | {"validation_share": 0.0} | changes)

    return compose


@cache
def _values_of(option: str) -> dict[str, Any]:
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base=None):
        composed = compose_by_hydra("config", [f"data={option}"])
    values: Any = OmegaConf.to_container(composed.data)
    return values
