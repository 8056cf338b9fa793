"""Run again in a temporary copy, and compare every file.

The files are compared with the results here, or, with --twice, with those of a second copy.
Without overrides, params.yaml is used as it is.

example: pipeline reproduce --twice experiment=cosine
"""

import argparse
import signal

from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add overrides and `--twice`."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="or GROUP=OPTION")
    parser.add_argument("--twice", action="store_true", help="compare two new runs")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Print how many files are equal, or fail with the first difference."""
    from pipeline.experiments import reproduce

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the current run
    print(reproduce.check(workspace, arguments.overrides, arguments.twice))
    return 0
