"""Checks of params.yaml against the schema: one message names all mistakes and allowed values."""

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from yaml import YAMLError

from pipeline.config import describing
from pipeline.config.chosen import quoted
from pipeline.errors import ConfigError, nearest, one_line
from pipeline.schema.settings import Settings

REMEDY = "`pipeline run` composes it from conf/"


def read_settings(path: Path) -> Settings:
    """Read and check params.yaml.

    Raises:
        ConfigError: the file is missing or is not YAML, or values do not fit the schema; the
            message lists every mistake.
    """
    return check(OmegaConf.to_container(read_values(path)), str(path))


def read_values(path: Path) -> DictConfig | ListConfig:
    """Read params.yaml as Hydra and DVC do: `1e-3` is a number, where YAML 1.1 has text.

    Raises:
        ConfigError: the file is missing, empty or not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        refuse_environment(text)
        values = OmegaConf.load(StringIO(text))
        OmegaConf.resolve(values)
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing; {REMEDY}") from None
    except (YAMLError, OmegaConfBaseException, ValueError, OSError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {one_line(error)}; {REMEDY}") from None
    if not values:
        raise ConfigError(f"{path} is empty; {REMEDY}")
    return values


def refuse_environment(text: str) -> None:
    """Keep environment variables, which can be secrets, out of params.yaml and Git.

    Raises:
        ConfigError: the text of a configuration reads an environment variable.
    """
    if found := re.search(r"\$\{\s*oc\.(env|decode)\b[^}]*\}", text):
        raise ConfigError(
            f"{found.group()} reads the environment, and its value would be written to params.yaml"
            " and to Git; write the value itself, or let the program that needs it read it"
        )


def check(values: object, where: str) -> Settings:
    """Check nested mappings, as in params.yaml, against the schema.

    Args:
        where: name of their source in messages.

    Raises:
        ConfigError: the message has one line for each mistake: key, value, allowed values, and the
            nearest key.
    """
    if not isinstance(values, Mapping):
        found = _describe_value(values)
        raise ConfigError(f"{where} must be a mapping of parameters, not {found}; {REMEDY}")
    given = _drop_missing(values)
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        mistakes = [_explain(details, given) for details in error.errors()]
    count = f"{len(mistakes)} mistake{'s' * (len(mistakes) > 1)}"
    raise ConfigError("\n  ".join([f"{where}: {count}", *mistakes]))


def find_whole_numbers(values: object) -> dict[str, int]:
    """Return the values that are written like `1e5`, where a whole number is wanted, by key."""
    if not isinstance(values, Mapping):
        return {}
    try:
        Settings.model_validate(_drop_missing(values))
    except ValidationError as error:
        return {
            ".".join(_names(details, values)): int(details["input"])
            for details in error.errors()
            if details["type"] == "int_type"
            and isinstance(details["input"], float)
            and details["input"].is_integer()
        }
    return {}


def _drop_missing(values: Mapping[str, object]) -> dict[str, object]:
    """Drop the keys with `???`, OmegaConf's mark for a value that the user must give."""
    return {
        key: _drop_missing(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
        if value != "???"
    }


def _explain(details: ErrorDetails, values: Mapping[str, object]) -> str:
    """Turn one error of pydantic into `key: mistake; allowed: values`."""
    names = _names(details, values)
    selector, option = Settings.SELECTORS.get(names[0]), _option(names[0], values)
    key = ".".join(names)
    known = describing.find_parameters(names[0], option)
    got = f"got {_describe_value(details['input'])}"
    match details["type"]:
        case "extra_forbidden":
            return f"{key}: {_explain_unknown(names, known)}"
        case "missing":
            return f"{key}: missing{_allowed(known.get(key))}"
        case "union_tag_not_found":
            return f"{key}.{selector}: missing"
        case "union_tag_invalid":
            wrong, options = str(details["ctx"]["tag"]), describing.list_options(names[0])
            allowed = ", ".join(options) + nearest(wrong, options)
            return f"{key}.{selector}: got {wrong!r}; allowed: {allowed}"
        case "value_error":
            if isinstance(details["input"], Mapping):
                got = "keys that do not fit together"
            return f"{key}: {got}; {details['ctx']['error']}"
        case "model_type" | "model_attributes_type":
            return f"{key}: {got}; allowed: a section with its own keys"
    prefixes = (".".join(names[:length]) for length in range(len(names), 0, -1))
    declared = next((known[prefix] for prefix in prefixes if prefix in known), None)
    is_text = details["type"] == "string_type" or (
        details["type"] == "union" and describing.takes_text(key)
    )
    return f"{key}: {got}{_allowed(declared)}{_quote(names, values) if is_text else ''}"


def _names(details: ErrorDetails, values: Mapping[str, object]) -> list[str]:
    """Return the parts of the key of an error."""
    names = [str(part) for part in details["loc"]]
    option = _option(names[0], values)
    if option and names[1:2] == [option]:
        del names[1]  # pydantic names the variant, which is not part of the key
    return names


def _option(group: str, values: Mapping[str, object]) -> str:
    selector, section = Settings.SELECTORS.get(group), values.get(group)
    return str(section.get(selector)) if selector and isinstance(section, Mapping) else ""


def _quote(names: list[str], values: Mapping[str, object]) -> str:
    """Show how a number, or null, is written as text."""
    *above, last = names
    section: object = values
    for name in above:
        section = section.get(name) if isinstance(section, Mapping) else None
    if isinstance(section, list):
        return f"; as text: {quoted('.'.join(above), section)}"
    value = section.get(last, []) if isinstance(section, Mapping) else []
    is_scalar = value is None or isinstance(value, bool | int | float)
    return f"; as text: {quoted('.'.join(names), value)}" if is_scalar else ""


def _explain_unknown(names: list[str], known: Mapping[str, FieldInfo]) -> str:
    """Name the options that have this key, such as `model=mlp`, or the nearest key."""
    key = ".".join(names)
    if key not in known:
        return f"unknown key{nearest(key, {'.'.join(k.split('.')[: len(names)]) for k in known})}"
    options = [
        f"{names[0]}={option}"
        for option, variant in describing.list_options(names[0]).items()
        if key in dict(describing.list_parameters(variant, f"{names[0]}."))
    ]
    return f"only with {' or '.join(options)}"


def _describe_value(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a section"
    text = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…"
    names = {str: "text", bool: "true/false", int: "whole number", float: "number", list: "list"}
    return f"{text} ({names.get(type(value), type(value).__name__)})"


def _allowed(field: FieldInfo | None) -> str:
    return f"; allowed: {describing.describe_allowed(field)} — {field.description}" if field else ""
