"""Add a model's predictions to a CSV or Parquet file."""

import argparse
from pathlib import Path

from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, input and `--output`."""
    parser.add_argument(
        "model", type=Path, help="a frozen graph, a SavedModel folder or a checkpoint folder"
    )
    parser.add_argument(
        "input", type=Path, help="a table in a file or folder; columns are found by name"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="CSV or Parquet")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Write the table with predictions, computed as the model was proven."""
    from pipeline.models.metadata import arithmetic
    from pipeline.repository import environment

    environment.configure(onednn=arithmetic.read_onednn(arguments.model))
    from pipeline import prediction  # imports TensorFlow

    print(prediction.predict(arguments.model, arguments.input, arguments.output, workspace))
    return 0
