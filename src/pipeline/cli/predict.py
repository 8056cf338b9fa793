"""Predict for the rows of a table or for arrays, by any model.

The model is a frozen graph, a SavedModel, a checkpoint, a .meta or .tflite file, or runs:/… or
models:/… of MLflow. Columns are found by the names of the model's inputs. What computes only is
run; a graph with other operations is refused.

  pipeline predict artifacts/frozen/model.pb new.csv -o predicted.csv
  pipeline predict their-model.pb new.csv -o predicted.csv --input x=width,height
  pipeline predict models:/houses@champion - -o - < new.csv > predicted.csv
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli import _model_options
from pipeline.errors import DataError
from pipeline.workspace import Workspace

A_DAY = 24 * 60 * 60.0  # large tables take long


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add model, input and `--output`, and how both are read."""
    parser.add_argument("model", help="path of a model, or runs:/… or models:/… of MLflow")
    parser.add_argument(
        "input",
        type=Path,
        help="a table in a file or folder (CSV, Parquet, JSON lines), .npy, .npz or .json;"
        " - for standard input",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help=".csv, .parquet, .jsonl, .npy or .npz; - for standard output",
    )
    parser.add_argument(
        "--input",
        dest="columns",
        action="append",
        default=[],
        metavar="NAME=COLUMNS",
        help="columns of an input, with commas between; repeat it for several inputs",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="also write the probability of each class"
    )
    parser.add_argument(
        "--on-error",
        choices=("fail", "skip"),
        default="fail",
        help="what to do about rows that cannot be predicted: stop, or leave them out",
    )
    parser.add_argument(
        "--timeout",
        type=_model_options.positive,
        default=A_DAY,
        metavar="SECONDS",
        help="for a third-party model; default: 86400, a day",
    )
    parser.add_argument(
        "--memory",
        type=_model_options.positive,
        default=4,
        metavar="GB",
        help="for a third-party model; default: 4",
    )
    group = parser.add_argument_group(f"{_model_options.TAKEN} for third-party models")
    _model_options.add_reading(group)
    _model_options.add_trust(group)


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Write the predictions, computed as the model was proven."""
    from pipeline.models.metadata import arithmetic
    from pipeline.repository import environment

    environment.configure(onednn=arithmetic.read_onednn(Path(arguments.model)))
    from pipeline import prediction
    from pipeline.repository.limited import Limits

    options = prediction.Options(
        columns=_parse_columns(arguments.columns),
        probabilities=arguments.probabilities,
        skips=arguments.on_error == "skip",
        signature=arguments.signature,
        tags=_model_options.parse_tags(arguments),
        rename=_model_options.parse_renames(arguments),
        ema=arguments.ema,
        trust=tuple(arguments.trust),
        limits=Limits(arguments.timeout, arguments.memory),
    )
    said = prediction.predict(
        arguments.model, arguments.input, arguments.output, workspace, options
    )
    is_data = str(arguments.output) == "-"
    print(said, file=sys.stderr if is_data else sys.stdout)
    return 0


def _parse_columns(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read options such as `--input NAME=column,column`."""
    columns = {}
    for text in texts:
        name, mark, listed = text.partition("=")
        if not (name and mark and listed):
            raise DataError(f"--input {text}: give NAME=COLUMN,COLUMN,…")
        columns[name] = tuple(listed.split(","))
    return columns
