"""params.yaml is composed of conf/ and overrides in Hydra's grammar, by Hydra's compose API.

`pipeline run`, the DVC stage `config` and `dvc exp run` write the same bytes: the composed
configuration, resolved and written by OmegaConf after it was checked against the schema.
"""

from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pipeline.config import side_files
from pipeline.config.checking import check, refuse_environment
from pipeline.errors import ConfigError, DataError, nearest
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace, files, is_remote


def compose(workspace: Workspace, overrides: Sequence[str] = ()) -> tuple[Settings, str]:
    """Compose conf/ with overrides in Hydra's grammar.

    Returns:
        The checked settings, and the text of their params.yaml.

    Raises:
        ConfigError: an override or a file in conf/ is wrong.
        DataError: a file that the configuration names does not exist.
    """
    values = _compose_conf(_check_overrides(overrides, workspace), workspace)
    return complete(values, "the composed configuration", workspace)


def complete(
    values: DictConfig | ListConfig, where: str, workspace: Workspace
) -> tuple[Settings, str]:
    """Check a composed configuration and set the hashes of the files that it names.

    Args:
        values: resolved; their `inputs` are set.
        where: name of their source in messages.

    Returns:
        As `compose`.

    Raises:
        ConfigError: a parameter is wrong.
        DataError: a file that the configuration names does not exist.
    """
    settings = check(OmegaConf.to_container(values), where)
    named = [("data.path", settings.data.path), *side_files.find(settings, workspace)]
    for key, path in named:
        if is_remote(path):
            from pipeline.config import remote_data  # its clients take time to import

            remote_data.require(key, path)
        elif not _exists(workspace.path(path)):
            raise DataError(f"{key}={path}: no such file")
    hashes = {path: files.sha256(workspace.path(path)) for _, path in named[1:]}
    OmegaConf.update(values, "inputs", hashes, merge=False)
    return settings.model_copy(update={"inputs": hashes}), OmegaConf.to_yaml(values)


def publish(text: str, workspace: Workspace) -> None:
    """Write params.yaml, unless it has the same text."""
    path = workspace.params
    if not path.is_file() or path.read_bytes() != text.encode():
        files.write_text(path, text)


def split_values(text: str) -> list[str]:
    """Split an override that has several values into one override for each.

    Raises:
        ConfigError: it does not fit Hydra's grammar, or its values cannot be listed.
    """
    override = _parse(text)
    if not override.is_sweep_override():
        return [text]
    if not override.is_discrete_sweep():
        raise ConfigError(f"override {text!r} is an interval; list its values: key=1,2,3")
    key = text.partition("=")[0]
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # for example, the name is too long
        return False


def _compose_conf(overrides: list[str], workspace: Workspace) -> DictConfig:
    main = workspace.conf / "config.yaml"
    if not main.is_file():
        raise ConfigError(f"{main} is missing; run from the root of the repository")
    try:
        with hydra.initialize_config_dir(str(workspace.conf), version_base=None):
            values = hydra.compose("config", overrides)
        refuse_environment(OmegaConf.to_yaml(values))
        OmegaConf.resolve(values)
    except RecursionError:
        raise ConfigError("conf/ cannot be composed: a file or a value refers to itself") from None
    except (HydraException, OmegaConfBaseException, YAMLError, OSError, ValueError) as error:
        reason = " ".join(str(error).partition("Config search path")[0].split())
        place = _find_unreadable(workspace)
        raise ConfigError(f"conf/ cannot be composed: {place}{reason}") from None
    return values


def _find_unreadable(workspace: Workspace) -> str:
    """Return the first file in conf/ that is not YAML; Hydra does not always name it."""
    for file in sorted(workspace.conf.rglob("*.yaml")):
        try:
            OmegaConf.load(file)
        except (YAMLError, OSError, ValueError):
            return f"{file}: "
    return ""


def _check_overrides(overrides: Sequence[str], workspace: Workspace) -> list[str]:
    """Check the grammar of overrides, and leave unknown keys to the schema.

    Hydra stops at the first key that conf/ does not have. `++key=value` sets known keys like
    `key=value`, and passes unknown keys on to the schema, which names all of them.

    Returns:
        The overrides to give to Hydra.
    """
    checked = []
    for text in overrides:
        override = _parse(text)
        if override.is_sweep_override():
            raise ConfigError(
                f"override {text!r} has several values, and a run takes one; `pipeline sweep` runs"
                " all of them"
            )
        group = workspace.conf / override.key_or_group
        if not group.is_dir():
            text = f"++{text}" if override.type is OverrideType.CHANGE else text
        elif override.type is not OverrideType.DEL:
            _require_option(group, override)
        checked.append(text)
    return checked


def _parse(text: str) -> Override:
    try:
        override = OverridesParser.create().parse_override(text)
        reason = "" if override.key_or_group else "the key is missing"
    except HydraException as error:
        reason = str(error).splitlines()[0]
    if reason:
        raise ConfigError(
            f"override {text!r} does not fit Hydra's grammar: {reason};"
            " write KEY=VALUE or GROUP=OPTION"
        )
    return override


def _require_option(group: Path, override: Override) -> None:
    option = str(override.value())
    options = sorted(file.stem for file in group.glob("*.yaml"))
    if option not in options:
        name = override.key_or_group
        raise ConfigError(
            f"{name}={option}: conf/{name} has no such option; it has {', '.join(options)}"
            f"{nearest(option, options)}"
        )
