"""Freeze a third-party model: a graph file, a SavedModel and a sidecar, proven against the model.

MODEL is a checkpoint with its .meta file, a SavedModel folder, or a graph file; CHECKPOINT holds
the values of a graph file that has variables. FOLDER gets model.pb, saved_model and model.json.
Before they are published, both forms are verified, as `pipeline verify MODEL model.pb saved_model`
does; unless they agree, FOLDER stays as it is.

exit code: 0 agrees and is published; 6 the model is refused; 7 differs; 11 cannot be proven.
"""

import argparse
from pathlib import Path

from pipeline.cli import _model_options
from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model, the folder, and the options of `pipeline verify` that fit."""
    parser.add_argument("model", metavar="MODEL", help="a checkpoint, SavedModel or graph file")
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", nargs="?", help="with the values of a graph file"
    )
    parser.add_argument(
        "-o", dest="folder", type=Path, required=True, metavar="FOLDER",
        help="where the frozen model is written; an earlier one is replaced",
    )  # fmt: skip
    _model_options.add_choice(parser)
    _model_options.add_feeds(parser)
    _model_options.add_trust(_model_options.add_limits(parser))


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Print the verdict, and what was written."""
    from pipeline.freezing import publishing
    from pipeline.freezing.publishing import UnprovenError
    from pipeline.verification.report import text

    values = [arguments.checkpoint] if arguments.checkpoint else []
    request = _model_options.to_request(arguments, arguments.model, *values)
    limits = _model_options.to_limits(arguments)
    try:
        published = publishing.freeze(request, arguments.folder, limits)
    except UnprovenError as error:
        print(text.to_text(error.report))
        raise
    print(text.to_text(published.report))
    for note in published.notes:
        print(f"note: {note}")
    print(f"written: {', '.join(str(arguments.folder / name) for name in publishing.RESULTS)}")
    return 0
