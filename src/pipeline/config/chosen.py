"""What was chosen on top of conf/config.yaml, and its record conf/chosen.yaml.

The record is a configuration of Hydra: its defaults name the chosen options, and its values are the
chosen values. So DVC, which composes it in `dvc exp run`, and `pipeline` read it in the same way.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pipeline.errors import ConfigError, PipelineError, one_line
from pipeline.workspace import Workspace, files

HEADER = """\
# What the last `pipeline run` chose, on top of config.yaml. `dvc repro` and `dvc exp run` begin
# with it; the next `pipeline run` replaces it, and `pipeline run --defaults` clears it.
"""

REMEDY = (
    "`pipeline run` with other choices replaces the record, `pipeline run --defaults` clears it"
)

OVERRIDE = "override /"


@dataclass(frozen=True)
class Choice:
    """Options of groups, such as `{"model": "mlp"}`, and values, such as `{"seed": 1}`."""

    options: Mapping[str, str | None] = field(default_factory=dict)
    values: DictConfig = field(default_factory=lambda: OmegaConf.create({}))

    def to_config(self, groups: set[str]) -> DictConfig:
        """Return the configuration of Hydra that chooses this.

        Args:
            groups: those that config.yaml has an option of; others are added.
        """
        added = [{f"/{g}": option} for g, option in self.options.items() if g not in groups]
        changed = [{OVERRIDE + g: option} for g, option in self.options.items() if g in groups]
        defaults = ["config", *added, "_self_", *changed]
        config = OmegaConf.create({"defaults": defaults})
        config.merge_with(self.values)
        return config

    def __str__(self) -> str:
        """Return the overrides that choose this, quoted for the shell; empty for the defaults."""
        options = [f"{group}={_in_grammar(option)}" for group, option in self.options.items()]
        overrides = [*options, *_flatten(OmegaConf.to_container(self.values))]
        return " ".join(map(shlex.quote, overrides))


def read(workspace: Workspace) -> Choice | None:
    """Read the record; None if there is none.

    Raises:
        ConfigError: it is not YAML, or not a configuration with defaults.
    """
    try:
        values = OmegaConf.load(workspace.chosen)
    except FileNotFoundError:
        return None
    except (YAMLError, OmegaConfBaseException, ValueError, OSError) as error:
        raise ConfigError(
            f"{workspace.chosen} cannot be read: {one_line(error)}; {REMEDY}"
        ) from None
    if not isinstance(values, DictConfig) or "config" not in (values.get("defaults") or ()):
        raise ConfigError(f"{workspace.chosen} must have the defaults `- config`; {REMEDY}")
    entries = OmegaConf.to_container(values.pop("defaults"))
    options = {
        str(key).removeprefix("override").strip().removeprefix("/"): option
        for entry in (entries if isinstance(entries, list) else [])
        for key, option in (entry.items() if isinstance(entry, dict) else ())
    }
    return Choice(options, values)


def publish(choice: Choice, groups: set[str], workspace: Workspace) -> None:
    """Write the record, unless it has the same text."""
    text, path = HEADER + OmegaConf.to_yaml(choice.to_config(groups)), workspace.chosen
    if not path.is_file() or path.read_bytes() != text.encode():
        files.write_text(path, text)


@contextmanager
def named_in_errors(workspace: Workspace) -> Iterator[None]:
    """Let the error of the block also say what is chosen, and how to clear it.

    Raises:
        ConfigError: the record cannot be read.
    """
    choice = str(read(workspace) or "")
    try:
        yield
    except PipelineError as error:
        if not choice:
            raise
        raise type(error)(f"{error};\n{workspace.chosen} has {choice}; {REMEDY}") from None


def quoted(override: str, value: object) -> str:
    """Return an override with a text that is quoted for Hydra's grammar and for the shell."""
    if isinstance(value, list):
        return shlex.quote(f"{override}=[{','.join(map(_quote, value))}]")
    return shlex.quote(f"{override}={_quote(value)}")


def _quote(value: object) -> str:
    text = value if isinstance(value, str) else _in_grammar(value)
    from hydra.core.override_parser.types import Quote, QuotedString  # stages do without Hydra

    return QuotedString(text, Quote.double).with_quotes()


def _flatten(values: object, prefix: str = "") -> Iterator[str]:
    for key, value in values.items() if isinstance(values, dict) else ():
        name = f"{prefix}{key}"
        if (
            isinstance(value, dict)
            and value
            and all(re.fullmatch(r"[\w$-]+", str(k)) for k in value)
        ):
            yield from _flatten(value, f"{name}.")
        else:
            yield f"{name}={_in_grammar(value)}"


def _in_grammar(value: object) -> str:
    """Return a value in Hydra's grammar."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            is_plain = re.fullmatch(
                r"(?!(true|false|null|nan|inf)$)[A-Za-z_/][\w/.-]*", value, re.I | re.A
            )
            return value if is_plain else _quote(value)
        case list():
            return f"[{','.join(map(_in_grammar, value))}]"
        case dict():
            return f"{{{','.join(f'{key}: {_in_grammar(v)}' for key, v in value.items())}}}"
    return str(value)
