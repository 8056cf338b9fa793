"""The parameters that the schema declares: their keys, and in words the values that each may have.

`make docs` writes docs/parameters.md with `describe_all`.
"""

import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from pipeline.schema.base import Section
from pipeline.schema.settings import Settings

HEADER = """# Parameters

Generated from the schema in `src/pipeline/schema/` by `make docs`. Values are in `conf/`;
a variant is chosen by its group, such as `optimizer=adam`. Where not all options of a group have a
parameter, the second column names those that do.

| key | of | allowed | meaning |
| --- | --- | --- | --- |
"""

TYPES: dict[object, str]
TYPES = {int: "whole number", float: "number", str: "text", bool: "true or false"}
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def list_parameters(
    section: type[Section] = Settings, prefix: str = ""
) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the key and the declaration of every parameter, for all variants of sections."""
    for attribute, field in section.model_fields.items():
        key = prefix + (field.alias or attribute)
        variants = list_variants(field)
        if not variants:
            yield key, field
        for variant in variants:
            yield from list_parameters(variant, f"{key}.")


def list_variants(field: FieldInfo) -> list[type[Section]]:
    """Return the sections that a key may have as its value; none for a plain value."""
    kinds = _split_union(field.annotation)
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)]


def list_options(group: str) -> dict[str, type[Section]]:
    """Return the variants of a group by option, such as `mlp` for `model`; none for other keys."""
    if group not in Settings.SELECTORS:
        return {}
    selector, variants = Settings.SELECTORS[group], list_variants(Settings.model_fields[group])
    return {typing.get_args(v.model_fields[selector].annotation)[0]: v for v in variants}


@cache
def find_parameters(group: str, option: str) -> dict[str, FieldInfo]:
    """Return all declarations by key; of those that share a key, the one of this option."""
    found = dict(list_parameters())
    if chosen := list_options(group).get(option):
        found |= list_parameters(chosen, f"{group}.")
    return found


def is_known(key: str) -> bool:
    """Tell whether a key, or a mapping of any keys that it lies in, is declared."""
    parts = key.split(".")
    if _find_types(key):
        return True
    above = (".".join(parts[:length]) for length in range(1, len(parts)))
    return any(typing.get_origin(kind) is dict for name in above for kind in _find_types(name))


def takes_text(key: str) -> bool:
    """Tell whether a parameter takes any text, and neither numbers nor truth values."""
    kinds = _find_types(key)
    return str in kinds and not {int, float, bool, Any}.intersection(_plain(kinds))


def takes_whole(key: str) -> bool:
    """Tell whether a parameter takes whole numbers, and no other numbers."""
    kinds = _find_types(key)
    return int in kinds and not {float, Any}.intersection(_plain(kinds))


def takes_anything(key: str) -> bool:
    """Tell whether a parameter takes values of several kinds, also text."""
    return Any in _find_types(key)


def is_list(key: str) -> bool:
    """Tell whether a parameter takes a list."""
    return any(typing.get_origin(kind) is list for kind in _find_types(key))


def takes_list(key: str) -> bool:
    """Tell whether a parameter takes a list of texts."""
    lists = [kind for kind in _find_types(key) if typing.get_origin(kind) is list]
    return any(str in _split_union(typing.get_args(kind)[0]) for kind in lists)


def describe_all() -> str:
    """Return docs/parameters.md: the allowed values and the meaning of every parameter."""
    options: dict[tuple[str, str, str], list[str]] = {}  # by key, allowed values and meaning
    for key, field in list_parameters():
        if field.description:  # a selector, such as model.name, has none
            options[key, describe_allowed(field), field.description] = []
    for group in Settings.SELECTORS:
        for option, variant in list_options(group).items():
            for key, field in list_parameters(variant, f"{group}."):
                if field.description:
                    options[key, describe_allowed(field), field.description].append(option)
    return HEADER + "".join(
        f"| `{key}` | {_name_options(key, of)} | {allowed} | {meaning} |\n"
        for (key, allowed, meaning), of in options.items()
    )


def _name_options(key: str, options: list[str]) -> str:
    has_all = len(options) == len(list_options(key.partition(".")[0]))
    return "" if has_all else ", ".join(f"`{option}`" for option in options)


def describe_allowed(field: FieldInfo) -> str:
    """Return the values that a parameter may have, in words such as `whole number ≥ 1`."""
    if isinstance(field.json_schema_extra, dict) and "allowed" in field.json_schema_extra:
        return str(field.json_schema_extra["allowed"])
    return _describe_type(field.annotation, field.metadata)


@cache
def _find_types(key: str) -> list[object]:
    """Return the types that a parameter may have, in any variant of its section."""
    fields = [field for known, field in list_parameters() if known == key]
    return [kind for field in fields for kind in _split_union(field.annotation)]


def _plain(kinds: list[object]) -> set[object]:
    return {kind for kind in kinds if kind is Any or isinstance(kind, type)}


def _split_union(annotation: object) -> list[object]:
    """Return the members of a union; any other type is its own only member."""
    arguments = typing.get_args(annotation)
    match typing.get_origin(annotation):
        case typing.Annotated:
            return _split_union(arguments[0])
        case typing.Union | types.UnionType:
            return [kind for member in arguments for kind in _split_union(member)]
    return [annotation]


def _describe_type(annotation: object, bounds: list[Any]) -> str:
    arguments = typing.get_args(annotation)
    match typing.get_origin(annotation):
        case typing.Annotated:
            extra = [bound for item in arguments[1:] for bound in getattr(item, "metadata", [item])]
            return _describe_type(arguments[0], bounds + extra)
        case typing.Union | types.UnionType:
            return " or ".join(_describe_type(member, bounds) for member in arguments)
        case typing.Literal:
            return _describe_choices(arguments)
        case origin if origin is list:
            return f"a list{_describe_length(bounds)}, each {_describe_type(arguments[0], [])}"
        case origin if origin is dict:
            return "a mapping"
    if annotation is type(None):
        return "null"
    if annotation is str and _describe_length(bounds):
        return f"text{_describe_length(bounds)} characters"
    limits = [
        f"{sign} {getattr(bound, name)}"
        for bound in bounds
        for name, sign in SIGNS.items()
        if getattr(bound, name, None) is not None
    ]
    return " ".join([TYPES.get(annotation, str(annotation)), " and ".join(limits)]).strip()


def _describe_choices(choices: tuple[Any, ...]) -> str:
    if set(choices) > {True, False}:
        others = ", ".join(choice for choice in choices if not isinstance(choice, bool))
        return f"true or false, or {others}"
    return ("one of " if len(choices) > 1 else "") + ", ".join(map(str, choices))


def _describe_length(bounds: list[Any]) -> str:
    """Return the length that a list or a text may have, such as ` of 2` or ` of 1 or more`."""
    least, most = (
        next((getattr(bound, name) for bound in bounds if hasattr(bound, name)), None)
        for name in ("min_length", "max_length")
    )
    if least == most:
        return "" if least is None else f" of {least}"
    if most is None:
        return f" of {least} or more"
    return f" of at most {most}" if least is None else f" of {least} to {most}"
