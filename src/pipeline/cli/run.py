"""Compose conf/ with overrides, then run what changed.

Overrides are in Hydra's grammar. params.yaml is composed and checked before `dvc repro` runs. Each
run begins from conf/ and replaces what was chosen before, which conf/chosen.yaml records.

example: pipeline run model=mlp train=minibatch optimizer=adam device=cpu
"""

import argparse
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.config.chosen import Choice

_log = logging.getLogger(__name__)

# A run first sends what is in .spool, and makes no new request after this time.
SECONDS_TO_SEND = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add overrides, `--defaults` and `--dry-run`."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="or GROUP=OPTION")
    parser.add_argument("--defaults", action="store_true", help="clear what was chosen before")
    parser.add_argument("--dry-run", action="store_true", help="print params.yaml, change nothing")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Publish params.yaml and become `dvc repro`; with `--dry-run`, print params.yaml."""
    from pipeline.repository import dvc, processes

    if not arguments.dry_run and _may_change(arguments.overrides, workspace):
        dvc.expect_stages()  # before the imports below

    from pipeline.config import composing, overrides
    from pipeline.doctor import repository
    from pipeline.tracking import address, spool

    if arguments.defaults and arguments.overrides:
        raise ConfigError(
            "--defaults chooses nothing: give it alone, or the overrides alone; each run begins"
            " from conf/"
        )
    choice = overrides.choose(arguments.overrides, workspace)
    settings, text = composing.compose_choice(choice, workspace)
    if arguments.dry_run:
        print(text, end="")
        return 0
    with processes.exclusive(workspace, "run"):  # until this process is `dvc repro`
        if line := _describe(choice, workspace):
            _log.info(line)
        composing.publish_record(choice, workspace)
        composing.publish(text, workspace)
        repository.free(workspace)
        with address.short_timeouts():
            spool.send_or_warn(workspace, min(settings.tracking.patience, SECONDS_TO_SEND))
        dvc.become_repro()
    return 0


def _may_change(overrides: list[str], workspace: Workspace) -> bool:
    """Tell whether a value that is typed is not in the record; a guess, but an early one."""
    try:
        text = workspace.chosen.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return True
    typed = (override.lstrip("+~").partition("=") for override in overrides)
    return any(f"{key.rpartition('.')[2]}: {value}\n" not in text for key, _, value in typed)


def _describe(choice: "Choice", workspace: Workspace) -> str:
    """Say what is chosen, and what was chosen before if it is dropped; empty for the defaults."""
    now, before = str(choice), _read_record(workspace)
    dropped = f" (before: {before})" if before not in ("", now) else ""
    return f"{workspace.chosen}: {now or 'the defaults'}{dropped}" if now or dropped else ""


def _read_record(workspace: Workspace) -> str:
    """Return what was chosen before; empty for the defaults."""
    from pipeline.config import chosen

    with suppress(ConfigError):  # a record that cannot be read is replaced
        return str(chosen.read(workspace) or "")
    return ""
