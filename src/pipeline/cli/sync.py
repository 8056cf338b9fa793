"""Send the runs to MLflow that could not be sent before."""

import argparse

from pipeline.errors import ConfigError
from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing."""


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Send what is in .spool; processes that send exclude each other."""
    from pipeline.tracking import spool

    if not workspace.dvc_yaml.is_file():
        raise ConfigError("dvc.yaml does not exist here; go to the root of the repository")
    if not spool.send(workspace):
        print("no run is waiting: MLflow has all runs")
    return 0
