"""Verify that forms of one model have the same values and compute the same outputs.

Each PATH is a form of the same model: a checkpoint (its prefix or folder), a frozen graph (.pb,
.pbtxt), a .meta file, a SavedModel folder, a .tflite file, or stored outputs. The first with values
is the reference; a single form is compared with its own execution, operation by operation.

exit code, that of the worst form, from good to bad: 0 agrees in values and outputs; 11 agrees on
outputs only, or cannot be proven; 6 refused; 7 differs.
"""

import argparse
import dataclasses
import json
from pathlib import Path

from pipeline.cli import _model_options
from pipeline.errors import ConfigError
from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the paths, what they are fed with, the limits, and how the result is shown."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="forms of one model")
    parser.add_argument(
        "--url", help="a served model to compare: what answers at /invocations of MLflow"
    )
    choice = _model_options.add_choice(parser)
    choice.add_argument("--outputs-only", action="store_true", help="do not compare values")
    choice.add_argument(
        "--tolerance", type=_model_options.share, metavar="SHARE",
        help="allowed difference of outputs, as a share of their root mean square",
    )  # fmt: skip
    _model_options.add_feeds(parser)
    _model_options.add_trust(_model_options.add_limits(parser))
    results = parser.add_argument_group("results")
    results.add_argument("--json", action="store_true", help="print JSON")
    results.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    results.add_argument("--html", type=Path, metavar="FILE", help="write a page")
    results.add_argument(
        "--proof", type=Path, metavar="FOLDER",
        help="a proof that the model is compared with; where there is none, it is written",
    )  # fmt: skip


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Print the verdict as text or JSON, and write the files that were asked for."""
    from pipeline.verification import checking
    from pipeline.verification.report import junit, page, text

    if not arguments.paths and not (arguments.url and arguments.proof):
        raise ConfigError("give the PATH of a model; for --url alone, give --proof FOLDER, too")
    request = dataclasses.replace(
        _model_options.to_request(arguments, *arguments.paths),
        outputs_only=arguments.outputs_only,
        tolerance=arguments.tolerance,
        proof=str(arguments.proof) if arguments.proof else None,
        url=arguments.url,
    )
    report = checking.check(request, _model_options.to_limits(arguments))
    if arguments.junit:
        junit.write(report, arguments.junit, outputs_only=request.outputs_only)
    if arguments.html:
        page.write(report, arguments.html)
    print(json.dumps(report.to_json(), indent=2) if arguments.json else text.to_text(report))
    return report.exit_code(request.outputs_only)
