"""Check the installation, devices, stores and what killed runs left."""

import argparse

from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--fix`."""
    parser.add_argument("--fix", action="store_true", help="fix what can be fixed")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Print the findings; the exit code is 1 if one of them prevents a run."""
    from pipeline import doctor

    return doctor.run(
        workspace, arguments.fix, lambda line: print(workspace.relative(line), flush=True)
    )
