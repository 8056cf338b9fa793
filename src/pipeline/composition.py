"""From conf/ and overrides to params.yaml, by Hydra's compose API.

`pipeline run`, the DVC stage `config` and `dvc exp run` all end in the same bytes: the composed
configuration, resolved and written by OmegaConf, after it has passed the schema.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pipeline import files, inputs
from pipeline.errors import ConfigError, DataError, nearest
from pipeline.parameters import check, refuse_environment
from pipeline.settings import Settings


def composed(overrides: Sequence[str] = ()) -> tuple[Settings, str]:
    """Compose conf/ with overrides in Hydra's grammar.

    Returns:
        The checked settings, and the text of the params.yaml that holds them.

    Raises:
        ConfigError: an override or a file under conf/ is wrong.
        DataError: the file that `data.path` names is not there.
    """
    values = _compose(_prepared(overrides))
    return completed(values, "the composed configuration")


def completed(values: DictConfig | ListConfig, where: str) -> tuple[Settings, str]:
    """Check a composed configuration and fill in the hashes of the files that it names.

    Args:
        where: what a message calls its source.

    Returns:
        The checked settings, and the text of the params.yaml that holds them.

    Raises:
        ConfigError: a parameter is wrong.
        DataError: a file that the configuration names is not there.
    """
    settings = check(OmegaConf.to_container(values), where)
    if not _exists(settings.data.path):
        raise DataError(f"data.path={settings.data.path}: no such file")
    hashes = {}
    for key, path in inputs.named(settings):
        if not _exists(path):
            raise DataError(f"{key}={path}: no such file")
        hashes[path] = files.sha256(Path(path))
    OmegaConf.update(values, "inputs", hashes, merge=False)
    return check(OmegaConf.to_container(values), where), OmegaConf.to_yaml(values)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a name that is too long, for example
        return False


def _prepared(overrides: Sequence[str]) -> list[str]:
    """Check the overrides' grammar, and let the schema name unknown keys, all at once.

    Hydra stops at the first key that conf/ does not have. `++key=value` sets known keys as
    `key=value` does and lets unknown ones through to the schema, which knows the nearest name.
    """
    parser = OverridesParser.create()
    ready = []
    for text in overrides:
        override = _parsed(parser, text)
        if override.is_sweep_override():
            raise ConfigError(
                f"override {text!r} names several values, and a run takes one; `pipeline sweep`"
                " runs all of them"
            )
        if _is_group(override):
            _check_option(override)
        elif override.type is OverrideType.CHANGE:
            text = f"++{text}"
        ready.append(text)
    return ready


def values_of(text: str) -> list[str]:
    """Split an override that names several values into one override for each.

    Raises:
        ConfigError: it does not fit Hydra's grammar, or it is a kind that cannot be listed.
    """
    override = _parsed(OverridesParser.create(), text)
    if not override.is_sweep_override():
        return [text]
    if not override.is_discrete_sweep():
        raise ConfigError(f"override {text!r} is an interval; name its values: key=1,2,3")
    key = text.partition("=")[0]
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _parsed(parser: OverridesParser, text: str) -> Override:
    try:
        override = parser.parse_override(text)
        reason = "" if override.key_or_group else "there is no key"
    except HydraException as error:
        reason = str(error).splitlines()[0]
    if reason:
        raise ConfigError(
            f"override {text!r} does not fit Hydra's grammar: {reason};"
            " write KEY=VALUE or GROUP=OPTION"
        )
    return override


def _is_group(override: Override) -> bool:
    return (files.CONF / override.key_or_group).is_dir()


def _check_option(override: Override) -> None:
    """Refuse an option that its group does not have, and say which it has."""
    if override.type is OverrideType.DEL:
        return
    group, option = override.key_or_group, str(override.value())
    options = sorted(file.stem for file in (files.CONF / group).glob("*.yaml"))
    if option not in options:
        raise ConfigError(
            f"{group}={option}: conf/{group} has no such option; it has "
            + ", ".join(options)
            + nearest(option, options)
        )


def _compose(overrides: list[str]) -> DictConfig:
    if not (files.CONF / "config.yaml").is_file():
        raise ConfigError(
            f"{files.CONF}/config.yaml is missing; run from the root of the repository"
        )
    try:
        with initialize_config_dir(str(files.CONF.resolve()), version_base=None):
            values = compose("config", overrides)
        refuse_environment(OmegaConf.to_yaml(values))
        OmegaConf.resolve(values)
    except (
        HydraException,
        OmegaConfBaseException,
        YAMLError,
        OSError,
        ValueError,
        RecursionError,
    ) as error:
        reason = str(error).partition("Config search path")[0]
        if isinstance(error, RecursionError):
            reason = "a file or a value refers to itself"
        reason = re.sub(r"\s+", " ", reason).strip()
        raise ConfigError(f"conf/ cannot be composed: {_unreadable()}{reason}") from None
    return values


def _unreadable() -> str:
    """Name the first file under conf/ that is no YAML; Hydra does not always name it."""
    for file in sorted(files.CONF.rglob("*.yaml")):
        try:
            OmegaConf.load(file)
        except (YAMLError, OSError, ValueError):
            return f"{file}: "
    return ""


def publish(text: str, path: Path = files.PARAMS) -> None:
    """Write params.yaml, unless it already holds the same text."""
    if not path.is_file() or path.read_bytes() != text.encode():
        files.write_text(path, text)
