"""params.yaml against the schema: all mistakes at once, each with what is allowed.

`python -m pipeline.parameters` prints docs/parameters.md.
"""

import re
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from yaml import YAMLError

from pipeline.errors import ConfigError, nearest, one_line
from pipeline.settings import Section, Settings

AGAIN = "`pipeline run` composes it from conf/"


def load(path: Path) -> Settings:
    """Read and check params.yaml.

    Numbers are read as Hydra and DVC read them (`1e-3` is a number, where plain YAML 1.1 has text).

    Raises:
        ConfigError: the file is missing or no YAML, or values do not fit the schema; the message
            lists every mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
        refuse_environment(text)
        values = OmegaConf.to_container(OmegaConf.load(StringIO(text)), resolve=True)
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing; {AGAIN}") from None
    except (YAMLError, OmegaConfBaseException, ValueError, OSError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {one_line(error)}; {AGAIN}") from None
    if not values:
        raise ConfigError(f"{path} is empty; {AGAIN}")
    return check(values, str(path))


def refuse_environment(text: str) -> None:
    """Keep the environment, and the secrets in it, out of params.yaml and out of Git.

    Raises:
        ConfigError: the text of a configuration reads the environment.
    """
    found = re.search(r"\$\{\s*oc\.(env|decode)\b[^}]*\}", text)
    if found:
        raise ConfigError(
            f"{found.group()} reads the environment, and its value would be written to params.yaml"
            " and to Git; write the value itself, or leave it to the program that needs it"
        )


def check(values: Any, where: str) -> Settings:
    """Check plain values against the schema.

    Args:
        values: nested mappings, as params.yaml holds them.
        where: what the message calls their source.

    Raises:
        ConfigError: with one line for every mistake: key, value, what is allowed, nearest key.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where} must hold a mapping of parameters, not {_shown(values)}")
    values = _without_missing(values)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        mistakes = [_explain(details, values) for details in error.errors()]
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    raise ConfigError("\n  ".join([f"{where}: {count}", *mistakes]))


def _without_missing(value: Any) -> Any:
    """Drop the keys that are still `???`, OmegaConf's mark for a value that the user must give."""
    if isinstance(value, Mapping):
        return {key: _without_missing(v) for key, v in value.items() if v != "???"}
    return value


def declared() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the dotted key and the declaration of every parameter of every variant."""
    yield from _walk(Settings, ())


def _walk(section: type[Section], above: tuple[str, ...]) -> Iterator[tuple[str, FieldInfo]]:
    for attribute, field in section.model_fields.items():
        name = field.alias or attribute
        variants = [kind for kind in _kinds(field.annotation) if _is_section(kind)]
        if not variants:
            yield ".".join((*above, name)), field
        for variant in variants:
            yield from _walk(variant, (*above, name))


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _kinds(annotation: Any) -> list[Any]:
    """Split a union into its members; any other type is its own only member."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [kind for arg in typing.get_args(annotation) for kind in _kinds(arg)]
    return [annotation]


def _explain(details: ErrorDetails, values: Any) -> str:
    """Turn one error of pydantic into `key: what is wrong; what is allowed`."""
    location = list(details["loc"])
    selector = Settings.SELECTORS.get(str(location[0]))
    chosen = values.get(location[0]) if selector else None
    if isinstance(chosen, Mapping) and len(location) > 1 and location[1] == chosen.get(selector):
        del location[1]
    names = [str(part) for part in location]
    key = ".".join(names)
    known = _known(names[0], str(chosen.get(selector)) if isinstance(chosen, Mapping) else "")
    shown = _shown(details["input"])
    match details["type"]:
        case "extra_forbidden" if key in known:
            return f"{key}: only with {' or '.join(_options_with(names))}"
        case "extra_forbidden":
            siblings = {".".join(name.split(".")[: len(names)]) for name in known}
            return f"{key}: unknown key{nearest(key, siblings)}"
        case "missing":
            return f"{key}: missing{_allowed(known.get(key))}"
        case "union_tag_not_found":
            return f"{key}.{selector}: missing"
        case "union_tag_invalid":
            tags = details["ctx"]["expected_tags"].replace("'", "")
            wrong = str(details["ctx"]["tag"])
            return f"{key}.{selector}: got {wrong!r}; allowed: {tags}" + nearest(
                wrong, tags.split(", ")
            )
        case "value_error" if isinstance(details["input"], Mapping):
            return f"{key}: keys that do not fit together; {details['ctx']['error']}"
        case "value_error":
            return f"{key}: got {shown}; {details['ctx']['error']}"
        case "model_type" | "model_attributes_type":
            return f"{key}: got {shown}; allowed: a section with keys of its own"
    name = next(
        (n for n in (".".join(names[:i]) for i in range(len(names), 0, -1)) if n in known), ""
    )
    return f"{key}: got {shown}{_allowed(known.get(name))}"


@cache
def _known(group: str, option: str) -> dict[str, FieldInfo]:
    """Return all declarations by key; of those that share a key, the one of the chosen option."""
    known = dict(declared())
    for variant in _variants(group):
        if _option(group, variant) == option:
            known |= _walk(variant, (group,))
    return known


def _variants(group: str) -> list[Any]:
    return _kinds(Settings.model_fields[group].annotation) if group in Settings.SELECTORS else []


def _option(group: str, variant: Any) -> str:
    selector = variant.model_fields[Settings.SELECTORS[group]]
    return str(typing.get_args(selector.annotation)[0])


def _options_with(names: list[str]) -> list[str]:
    """Name the options of a group whose section has a key, such as `model=mlp` for `hidden`."""
    group, name = names[0], names[1]
    return [
        f"{group}={_option(group, variant)}"
        for variant in _variants(group)
        if name in {field.alias or key for key, field in variant.model_fields.items()}
    ]


def _shown(value: Any) -> str:
    """Show a value with its kind, cut to a readable length."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a section"
    text = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…"
    kinds = {str: "text", bool: "true/false", int: "whole number", float: "number", list: "list"}
    return f"{text} ({kinds.get(type(value), type(value).__name__)})"


def _allowed(field: FieldInfo | None) -> str:
    """Describe what a parameter may be, from its declaration."""
    if field is None:
        return ""
    return f"; allowed: {allowed(field)} — {field.description}"


def allowed(field: FieldInfo) -> str:
    """Return the values that a parameter may have, in words such as `whole number ≥ 1`."""
    if isinstance(field.json_schema_extra, dict) and "allowed" in field.json_schema_extra:
        return str(field.json_schema_extra["allowed"])
    return _kind_in_words(field.annotation, field.metadata)


def _kind_in_words(annotation: Any, metadata: list[Any]) -> str:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        inner, *extra = typing.get_args(annotation)
        return _kind_in_words(inner, [*metadata, *_bounds(extra)])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_kind_in_words(arg, metadata) for arg in typing.get_args(annotation))
    if origin is Literal:
        choices = typing.get_args(annotation)
        if set(choices) > {True, False}:
            others = ", ".join(choice for choice in choices if not isinstance(choice, bool))
            return f"true or false, or {others}"
        return ("one of " if len(choices) > 1 else "") + ", ".join(map(str, choices))
    if origin is list:
        each = _kind_in_words(typing.get_args(annotation)[0], [])
        return f"a list{_length(metadata)}, each {each}"
    if origin is dict:
        return "a mapping"
    words = {int: "whole number", float: "number", str: "text", bool: "true or false"}
    kind = "null" if annotation is type(None) else words.get(annotation, str(annotation))
    if annotation is str and _length(metadata):
        return f"{kind}{_length(metadata)} characters"
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = [
        f"{sign} {getattr(bound, name)}"
        for bound in metadata
        for name, sign in signs.items()
        if kind != "null" and getattr(bound, name, None) is not None
    ]
    return " ".join([kind, " and ".join(limits)]).strip()


def _length(metadata: list[Any]) -> str:
    """Return how long a list or a text may be, such as ` of 2` or ` of 1 or more`."""
    least, most = (
        next((getattr(bound, name) for bound in metadata if hasattr(bound, name)), None)
        for name in ("min_length", "max_length")
    )
    if least == most:
        return "" if least is None else f" of {least}"
    if most is None:
        return f" of {least} or more"
    return f" of at most {most}" if least is None else f" of {least} to {most}"


def _bounds(extra: list[Any]) -> list[Any]:
    return [bound for item in extra for bound in getattr(item, "metadata", [item])]


def as_markdown() -> str:
    """Return docs/parameters.md: every parameter with what it may be and what it means."""
    lines = [
        "# Parameters",
        "",
        "Made from the schema in `src/pipeline/settings/` by `make docs`. Values are in `conf/`;",
        "a variant is chosen by its group, such as `optimizer=adam`.",
        "",
        "| key | allowed | meaning |",
        "| --- | --- | --- |",
    ]
    rows = [
        f"| `{key}` | {allowed(field)} | {field.description} |"
        for key, field in declared()
        if field.description  # a selector, such as model.name, has none
    ]
    return "\n".join([*lines, *dict.fromkeys(rows)]) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
