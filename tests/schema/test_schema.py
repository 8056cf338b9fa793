"""Every parameter has a meaning, bounds that hold, and a row in the documentation."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from pipeline.config.describing import (
    describe_all,
    describe_allowed,
    list_options,
    list_parameters,
    list_variants,
)
from pipeline.schema.settings import Settings

from ..config.values import default_values, given, refused
from ..conftest import REPOSITORY


@pytest.fixture
def values() -> dict[str, Any]:
    """The values of conf/ without overrides."""
    return default_values()


SIGNS: dict[str, Callable[[float], float]] = {
    "≥": lambda bound: bound - 1,
    "≤": lambda bound: bound + 1,
    ">": lambda bound: bound,
    "<": lambda bound: bound,
}

# One that fits each kind of value, in the words of the documentation.
KINDS = {
    "null": None,
    "true or false": True,
    "whole number": 7,
    "number": 0.5,
    "text": "words",
    "a list": ["words", 7],
    "a mapping": {"words": 7},
}


def declared() -> Iterator[tuple[str, str, FieldInfo]]:
    """Yield each parameter, and each option of its group that has one."""
    for group, field in Settings.model_fields.items():
        variants = list_variants(field)
        if not variants:
            yield "", group, field
        options = list_options(group).items() or [("", variant) for variant in variants]
        for option, variant in options:
            for key, found in list_parameters(variant, f"{group}."):
                if key != f"{group}.{Settings.SELECTORS.get(group)}":
                    yield option, key, found


def test_every_bound_of_every_number_holds(values):
    crossed = 0
    for option, key, field in declared():
        allowed = describe_allowed(field)
        for sign, bound in re.findall(r"([≥≤><]) (-?[\d.]+)", allowed):
            beyond = SIGNS[sign](float(bound))
            number: Any = int(beyond) if "whole" in allowed else beyond
            number = [number, number] if allowed.startswith("a list") else number
            message = refused(given(values, key, number, option))
            assert re.search(rf"\n  {key}(\.0)?: got [^\n]*{sign} {bound}", message), (key, message)
            crossed += 1
    assert crossed > 100


def test_every_parameter_refuses_every_other_kind_of_value(values):
    refusals = 0
    for option, key, field in declared():
        allowed = describe_allowed(field)
        taken = {kind for kind in KINDS if kind in allowed}
        if field.description.startswith("initial values") or "{} in conf/" in allowed:
            taken |= KINDS.keys() - {"null", "true or false"}
        if "number" in taken:
            taken.add("whole number")
        if allowed.startswith("a list"):
            taken = {"a list"} | (taken & {"null"})
        for kind in KINDS.keys() - taken:
            message = refused(given(values, key, KINDS[kind], option))
            assert f"\n  {key}: got " in message, (key, kind, message)
            refusals += 1
    assert refusals > 500


def test_every_parameter_has_a_meaning_and_stands_in_the_documentation():
    documented = (REPOSITORY / "docs/parameters.md").read_text(encoding="utf-8")
    assert documented == describe_all(), "run: make docs"
    for key, field in list_parameters():
        if key.split(".")[-1] not in ("name", "source"):  # selectors
            assert field.description, key
