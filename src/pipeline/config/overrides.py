"""Overrides on the command line: KEY=VALUE and GROUP=OPTION in Hydra's grammar.

A parameter whose value is text also takes what does not fit the grammar, or would be a number in
it, as it is written: `data.target=Body Mass (g)`, `data.target=2020`.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, OverrideType
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline.config import describing
from pipeline.config.chosen import Choice, quoted
from pipeline.errors import ConfigError, nearest, one_line
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace

GRAMMAR = "write KEY=VALUE or GROUP=OPTION"


def choose(overrides: Sequence[str], workspace: Workspace) -> Choice:
    """Return what overrides choose; of two for the same key, the last one counts.

    Raises:
        ConfigError: an override does not fit the grammar, has several values, names an option that
            does not exist, or cannot have an effect.
    """
    options, values = {}, OmegaConf.create({})
    for place, text in enumerate(overrides):
        if place and "=" not in text and not text.startswith("~"):
            raise ConfigError(
                f"{text!r} is not an override: {GRAMMAR}; where it belongs to the one before it,"
                f" quote both for the shell: '{overrides[place - 1]} {text}'"
            )
        override = _Override.parse(text, workspace)
        if override.is_sweep:
            raise ConfigError(
                f"override {text!r} has several values, and a run takes one; `pipeline sweep` runs"
                f" all of them{override.hint}"
            )
        if override.is_group:
            options[override.key] = _require_option(override, workspace)
            continue
        try:
            OmegaConf.update(values, override.key, override.value, merge=True, force_add=True)
        except (OmegaConfBaseException, AssertionError, ValueError, TypeError) as error:
            raise ConfigError(f"override {text!r} cannot be set: {one_line(error)}") from None
    return Choice(options, values)


def split_values(text: str, workspace: Workspace) -> list[str]:
    """Split an override that has several values into one override for each.

    Raises:
        ConfigError: it does not fit Hydra's grammar, or its values cannot be listed.
    """
    override = _Override.parse(text, workspace)
    if override.parsed is None and "," in text:
        values = [part.strip() for part in text.partition("=")[2].split(",")]
        each = [quoted(override.key, value).partition("=")[2].strip("'") for value in values]
        raise ConfigError(
            f"override {text!r} does not fit Hydra's grammar; quote each value, or all of it:"
            f" '{override.key}={','.join(each)}' or {quoted(override.key, override.value)}"
        )
    if override.parsed is None or not override.is_sweep:
        return [text]
    values = _list_values(override, override.parsed, workspace)
    return [f"{text.partition('=')[0]}={value}" for value in values]


def list_groups(workspace: Workspace) -> set[str]:
    """Return the groups in conf/: its folders, such as `model`."""
    folders = (path for path in workspace.conf.rglob("*") if path.is_dir())
    return {folder.relative_to(workspace.conf).as_posix() for folder in folders}


def list_options(group: str, workspace: Workspace) -> list[str]:
    """Return the options of a group in conf/, in alphabetical order."""
    return sorted(file.stem for file in (workspace.conf / group).glob("*.yaml"))


def require_option(group: str, option: str | None, workspace: Workspace) -> None:
    """Check that a group in conf/ has an option; null leaves out a group that is not a section.

    Raises:
        ConfigError: it has not.
    """
    options = list_options(group, workspace)
    if option in options or (option is None and group not in Settings.model_fields):
        return
    if not options:
        groups = sorted(list_groups(workspace))
        raise ConfigError(
            f"{group}={option}: conf/ has no group {group}; it has {', '.join(groups)}"
            f"{nearest(group, groups)}"
        )
    name = "null" if option is None else option
    if group == "data" and ("/" in name or "." in name):
        command = shlex.join(["data=csv", f"data.path={name}", "data.target=COLUMN"])
        raise ConfigError(
            f"{group}={name}: conf/{group} has no such option; write {command} for a table of your"
            " own"
        )
    raise ConfigError(
        f"{group}={name}: conf/{group} has no such option; it has {', '.join(options)}"
        f"{nearest(name, options)}"
    )


@dataclass(frozen=True)
class _Override:
    """An override; `parsed` is what Hydra makes of it, None for a text that is as it is written."""

    text: str
    key: str
    value: Any
    is_group: bool
    parsed: Override | None

    @classmethod
    def parse(cls, text: str, workspace: Workspace) -> "_Override":
        written, equals, raw = text.partition("=")
        name, raw = written.strip().lstrip("+~"), raw.strip()
        _refuse_key_of_hydra(name)
        is_group = name in list_groups(workspace)
        # The schema reports an unknown key better than the grammar reports its value.
        is_text = is_group or describing.takes_text(name) or not describing.is_known(name)
        try:
            parsed = OverridesParser.create().parse_override(text)
            value = parsed.value()
        except HydraException as error:
            takes_list = raw.startswith("[") and describing.takes_list(name)
            if name and equals and is_text and not takes_list and not text.startswith("~"):
                return cls(text, name, raw, is_group, None)
            raise ConfigError(_explain_grammar(text, name, raw, error)) from None
        _refuse_unusable(parsed, text, is_group)
        if parsed.type is OverrideType.DEL:
            value = None  # `~experiment` is `experiment=null`
        elif isinstance(value, bool | int | float) and (is_group or describing.takes_text(name)):
            value = raw
        elif isinstance(value, float) and value.is_integer() and describing.takes_whole(name):
            value = int(value)
        elif isinstance(value, list) and describing.takes_list(name):
            value = _as_written(value, raw)
        elif isinstance(value, list | dict) and describing.takes_text(name):
            value = raw
        return cls(text, name, value, is_group, parsed)

    @property
    def is_sweep(self) -> bool:
        return self.parsed is not None and self.parsed.is_sweep_override()

    @property
    def hint(self) -> str:
        """How to write a text that looks like several values, or a list."""
        raw, hint = self.text.partition("=")[2].strip(), ""
        if describing.is_list(self.key):
            hint += f"; a list needs brackets: {shlex.quote(f'{self.key}=[{raw}]')}"
        if describing.takes_text(self.key):
            hint += f"; as one text: {quoted(self.key, raw)}"
        return hint


def _refuse_key_of_hydra(name: str) -> None:
    if name.partition(".")[0].partition("/")[0] == "hydra":
        raise ConfigError(
            f"{name} has no effect: Hydra composes params.yaml, and starts no job; leave it out"
            " (results are in artifacts/ and reports/, `pipeline sweep` runs several values,"
            " `pipeline --verbose` prints details)"
        )


def _refuse_unusable(parsed: Override, text: str, is_group: bool) -> None:
    """Refuse what fits Hydra's grammar and cannot be part of params.yaml."""
    key = parsed.key_or_group
    if not key:
        raise ConfigError(f"override {text!r} does not fit Hydra's grammar: no key; {GRAMMAR}")
    if key.partition(".")[0] == "defaults":
        raise ConfigError(f"override {text!r}: the defaults are no parameter; write GROUP=OPTION")
    if parsed.package is not None:
        raise ConfigError(
            f"override {text!r} moves a section by `@`, and sections have fixed names; write"
            f" {key}=OPTION"
        )
    if parsed.type is OverrideType.DEL and not is_group:
        raise ConfigError(
            f"override {text!r} removes a parameter, and params.yaml has all of them; write"
            f" {key}=VALUE, or edit conf/"
        )
    *above, last = key.split(".")
    if last.isdigit() and describing.is_list(".".join(above)):
        raise ConfigError(f"override {text!r}: write the whole list: {'.'.join(above)}=[…]")


def _require_option(override: _Override, workspace: Workspace) -> str | None:
    option = None if override.value is None else str(override.value)
    require_option(override.key, option, workspace)
    return option


def _list_values(override: _Override, parsed: Override, workspace: Workspace) -> list[str]:
    options = list_options(override.key, workspace)
    if isinstance(override.value, Glob):
        found = override.value.filter(options)
        if not override.is_group:
            raise ConfigError(
                f"override {override.text!r}: glob() chooses among the options of a group, and"
                f" {override.key} is none; list its values: {override.key}=1,2,3"
            )
        if not found:
            raise ConfigError(
                f"override {override.text!r} fits no option; give a pattern that does:"
                f" conf/{override.key} has {', '.join(options)}"
            )
        return list(found)
    if not parsed.is_discrete_sweep():
        raise ConfigError(
            f"override {override.text!r} is an interval; list its values: {override.key}=1,2,3"
        )
    try:
        return list(parsed.sweep_string_iterator())
    except (HydraException, ValueError, ArithmeticError, AssertionError) as error:
        raise ConfigError(
            f"override {override.text!r}: {one_line(error)}; list its values: {override.key}=1,2,3"
        ) from None


def _as_written(values: list[Any], raw: str) -> list[Any]:
    """Return a list of texts with its numbers as they are written."""
    written = [part.strip() for part in raw[1:-1].split(",")]
    if len(written) != len(values):
        return values  # a text has a comma: numbers are refused by the schema
    return [
        text if isinstance(value, bool | int | float) else value
        for value, text in zip(values, written, strict=True)
    ]


def _explain_grammar(text: str, name: str, raw: str, error: HydraException) -> str:
    """Say why an override does not fit the grammar, and how to write it."""
    reason = str(error).splitlines()[0].partition(" expecting ")[0]
    said = f"override {text!r} does not fit Hydra's grammar: {reason}"
    known = describing.find_parameters(name.partition(".")[0], "").get(name)
    if not name or "=" not in text or text.startswith("~"):
        return f"{said}; {GRAMMAR}"
    if not re.fullmatch(r"[\w$/.@:-]+", name, re.ASCII):
        return f"{said}; a key has letters, digits, `_`, `-` and dots; write others in conf/"
    if raw.startswith("[") and raw.endswith("]"):
        parts = [part.strip().strip("'\"") for part in raw[1:-1].split(",")]
        return f"{said}; put texts in quotes: {quoted(name, parts)}"
    if known is None or describing.takes_anything(name):
        return f"{said}; put a text in quotes: {quoted(name, raw)}"
    return f"{said}; {name} may be: {describing.describe_allowed(known)}"
