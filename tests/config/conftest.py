"""The values that tests change."""

from typing import Any

import pytest

from .values import default_values


@pytest.fixture
def values() -> dict[str, Any]:
    """The values of conf/ without overrides."""
    return default_values()
