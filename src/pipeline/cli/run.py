"""Compose conf/ with overrides, then run what changed.

Overrides are in Hydra's grammar. params.yaml is composed and checked before `dvc repro` runs.

example: pipeline run model=mlp train=minibatch optimizer=adam device=cpu
"""

import argparse

from pipeline.workspace import Workspace

# A run first sends what is in .spool, and makes no new request after this time.
SECONDS_TO_SEND = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add overrides and `--dry-run`."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="or GROUP=OPTION")
    parser.add_argument("--dry-run", action="store_true", help="print params.yaml, change nothing")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Publish params.yaml and become `dvc repro`; with `--dry-run`, print params.yaml."""
    from pipeline.config import composing
    from pipeline.doctor import repository
    from pipeline.repository import dvc, processes
    from pipeline.tracking import address, spool

    settings, text = composing.compose(workspace, arguments.overrides)
    if arguments.dry_run:
        print(text, end="")
        return 0
    with processes.exclusive(workspace, "run"):  # until this process is `dvc repro`
        composing.publish(text, workspace)
        repository.free(workspace)
        with address.short_timeouts():
            spool.send_or_warn(workspace, min(settings.tracking.patience, SECONDS_TO_SEND))
        dvc.become_repro()
    return 0
