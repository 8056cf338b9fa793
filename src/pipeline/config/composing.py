"""params.yaml is composed of conf/ and overrides in Hydra's grammar, by Hydra's compose API.

`pipeline run`, the DVC stage `config` and `dvc exp run` write the same bytes: the composed
configuration, resolved and written by OmegaConf after it was checked against the schema.
"""

from collections.abc import Sequence

import hydra
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pipeline.config import chosen, side_files
from pipeline.config import overrides as overriding
from pipeline.config.checking import check, find_whole_numbers, refuse_environment
from pipeline.config.chosen import Choice
from pipeline.errors import ConfigError, one_line
from pipeline.repository import known_digests
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace, files, inputs, is_remote

# The record conf/chosen.yaml, and what may become it, which is in Hydra's store and in no file.
RECORD, CANDIDATE = "chosen", "pipeline run"
# Options for Hydra's own command line; without them, composing takes two thirds of the time.
UNUSED = ("output", "launcher", "sweeper", "help", "hydra_help", "hydra_logging", "job_logging")
REMEDY = "fix the file or the override, or restore the committed files: git restore conf"


def compose(workspace: Workspace, overrides: Sequence[str] = ()) -> tuple[Settings, str]:
    """Compose conf/ with overrides in Hydra's grammar, whatever was chosen before.

    Returns:
        The checked settings, and the text of their params.yaml.

    Raises:
        ConfigError: an override or a file in conf/ is wrong.
        DataError: a file that the configuration names does not exist.
    """
    return compose_choice(overriding.choose(overrides, workspace), workspace)


def compose_choice(choice: Choice, workspace: Workspace) -> tuple[Settings, str]:
    """Compose conf/ with what was chosen, as its record will be composed.

    Returns, raises:
        As `compose`.
    """
    config = choice.to_config(_groups_of_config(workspace))
    ConfigStore.instance().store(CANDIDATE, config)
    return complete(_compose(CANDIDATE, workspace), "the composed configuration", workspace)


def compose_recorded(workspace: Workspace) -> tuple[Settings, str]:
    """Compose conf/ with what its record says; without a record, conf/ alone.

    Returns:
        As `compose`.

    Raises:
        ConfigError: the record, or conf/ with it, is wrong.
        DataError: a file that the configuration names does not exist.
    """
    choice = chosen.read(workspace)
    if choice is None:
        return compose(workspace)
    for group, option in choice.options.items():
        overriding.require_option(group, option, workspace)
    return complete(_compose(RECORD, workspace), "the composed configuration", workspace)


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
    for key, number in find_whole_numbers(OmegaConf.to_container(values)).items():
        OmegaConf.update(values, key, number, merge=False)
    settings = check(OmegaConf.to_container(values), where)
    named = [("data.path", settings.data.path), *side_files.find(settings, workspace)]
    for key, path in named:
        if is_remote(path):
            from pipeline.config import remote_data  # its clients take time to import

            remote_data.require(key, path)
        else:
            inputs.require(key, path, workspace)
    paths = {path: workspace.path(path) for _, path in named[1:]}
    hashes = {name: known_digests.sha256(path, workspace) for name, path in paths.items()}
    OmegaConf.update(values, "inputs", hashes, merge=False)
    return settings.model_copy(update={"inputs": hashes}), OmegaConf.to_yaml(values)


def publish_record(choice: Choice, workspace: Workspace) -> None:
    """Write conf/chosen.yaml, unless it has the same text.

    Raises:
        ConfigError: conf/config.yaml cannot be read.
    """
    chosen.publish(choice, _groups_of_config(workspace), workspace)


def publish(text: str, workspace: Workspace) -> None:
    """Write params.yaml, unless it has the same text."""
    path = workspace.params
    if not path.is_file() or path.read_bytes() != text.encode():
        files.write_text(path, text)


def _groups_of_config(workspace: Workspace) -> set[str]:
    """Return the groups that config.yaml has an option of.

    Raises:
        ConfigError: it is missing, or is not YAML.
    """
    main = workspace.conf / "config.yaml"
    if not main.is_file():
        raise ConfigError(f"{main} is missing; run from the root of the repository")
    try:
        values = OmegaConf.to_container(OmegaConf.load(main))
    except (OmegaConfBaseException, YAMLError, OSError, ValueError) as error:
        raise ConfigError(f"{main} cannot be read: {one_line(error)}; {REMEDY}") from None
    defaults = values.get("defaults") if isinstance(values, dict) else None
    entries = defaults if isinstance(defaults, list) else []  # Hydra says what is wrong
    return {
        str(group).strip("/") for entry in entries if isinstance(entry, dict) for group in entry
    }


def _compose(name: str, workspace: Workspace) -> DictConfig:
    """Compose a configuration of conf/, or one that Hydra's store has, and resolve it."""
    try:
        with hydra.initialize_config_dir(str(workspace.conf), version_base=None):
            values = hydra.compose(name, [f"~hydra/{group}" for group in UNUSED])
        refuse_environment(OmegaConf.to_yaml(values))
        OmegaConf.resolve(values)
    except RecursionError:
        reason = "a file or a value refers to itself"
        raise ConfigError(f"conf/ cannot be composed: {reason}; {REMEDY}") from None
    except (HydraException, OmegaConfBaseException, YAMLError, OSError, ValueError) as error:
        reason = " ".join(str(error).partition("Config search path")[0].split()).rstrip(".")
        place = _find_unreadable(workspace)
        raise ConfigError(f"conf/ cannot be composed: {place}{reason}; {REMEDY}") from None
    return values


def _find_unreadable(workspace: Workspace) -> str:
    """Return the first file in conf/ that is not YAML; Hydra does not always name it."""
    for file in sorted(workspace.conf.rglob("*.yaml")):
        try:
            OmegaConf.load(file)
        except (YAMLError, OSError, ValueError):
            return f"{file}: "
    return ""
