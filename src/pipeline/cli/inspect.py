"""Describe a model without executing it."""

import argparse
from pathlib import Path

from pipeline.cli import _model_options
from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add path, `--ops`, `--json` and the limits."""
    parser.add_argument(
        "path", type=Path, help="a .pb, .pbtxt, .meta or .tflite file, a folder, or a prefix"
    )
    parser.add_argument("--ops", action="store_true", help="list every operation")
    parser.add_argument("--json", action="store_true", help="print JSON")
    _model_options.add_limits(parser)


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Print the description as text or JSON."""
    from pipeline.inspection.asking import describe

    limits = _model_options.to_limits(arguments)
    print(describe(arguments.path, arguments.ops, arguments.json, limits))
    return 0
