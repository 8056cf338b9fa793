"""Prove that forms of one model have the same values and compute the same outputs.

Each PATH is a form of the same model: a checkpoint (its prefix or folder), a frozen graph (.pb,
.pbtxt), a .meta file, a SavedModel folder, a .tflite file, or stored outputs. The first with values
is the reference; a single form is compared with its own execution, operation by operation.

exit code: 0 agrees in values and outputs; 7 differs; 11 agrees on outputs only, or cannot be
proven; 6 refused; the worst of all forms counts.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from pipeline.verification.request import Request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the paths, what they are fed with, the limits, and how the result is shown."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="forms of one model")
    parser.add_argument(
        "--url", help="a served model to compare: what answers at /invocations of MLflow"
    )
    _add_comparison(parser.add_argument_group("what is compared"))
    feeds = parser.add_argument_group("what the forms are fed with")
    feeds.add_argument(
        "--feed", action="append", default=[], metavar="[NAME=]FILE",
        help="CSV, Parquet, .npy, .npz or JSON; can be repeated; default: feeds are made",
    )  # fmt: skip
    feeds.add_argument(
        "--dim", action="append", default=[], metavar="NAME=SIZES",
        help="sizes of an input with open dimensions, such as image=1,224,224,3",
    )  # fmt: skip
    feeds.add_argument("--seed", type=int, default=0, help="of feeds that are made; default: 0")
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--timeout", type=float, default=60, metavar="SECONDS", help="for the model; default: 60"
    )
    limits.add_argument(
        "--memory", type=float, default=4, metavar="GB", help="for the model; default: 4"
    )
    limits.add_argument(
        "--trust", action="append", default=[], metavar="SHA256",
        help="of a file whose operations may act on this machine; can be repeated",
    )  # fmt: skip
    results = parser.add_argument_group("results")
    results.add_argument("--json", action="store_true", help="print JSON")
    results.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    results.add_argument("--html", type=Path, metavar="FILE", help="write a page")
    results.add_argument(
        "--proof", type=Path, metavar="FOLDER",
        help="a proof that the model is compared with; where there is none, it is written",
    )  # fmt: skip


def _add_comparison(group: argparse._ArgumentGroup) -> None:
    for name in ("input", "output"):
        group.add_argument(
            f"--{name}", action="append", default=[], metavar="TENSOR",
            help=f"name of an {name}, such as x:0; can be repeated",
        )  # fmt: skip
    group.add_argument("--signature", metavar="NAME", help="of a SavedModel")
    group.add_argument("--tags", metavar="TAG,…", help="of the graph in a SavedModel")
    group.add_argument(
        "--rename", action="append", default=[], metavar="OLD=NEW",
        help="name of a variable in the checkpoint and in the graph; * is allowed",
    )  # fmt: skip
    group.add_argument(
        "--ema", action="store_true", help="moving averages replace the values they average"
    )
    group.add_argument("--outputs-only", action="store_true", help="do not compare values")
    group.add_argument(
        "--tolerance", type=float, metavar="SHARE",
        help="allowed difference of outputs, as a share of their root mean square",
    )  # fmt: skip


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Print the verdict as text or JSON, and write the files that were asked for."""
    from pipeline.repository.limited import Limits
    from pipeline.verification import checking
    from pipeline.verification.report import junit, page, text

    if not arguments.paths and not (arguments.url and arguments.proof):
        raise ConfigError("give the PATH of a model; for --url alone, give --proof FOLDER, too")
    request = _to_request(arguments)
    report = checking.check(request, Limits(arguments.timeout, arguments.memory))
    if arguments.junit:
        junit.write(report, arguments.junit, outputs_only=request.outputs_only)
    if arguments.html:
        page.write(report, arguments.html)
    print(json.dumps(report.to_json(), indent=2) if arguments.json else text.to_text(report))
    return report.exit_code(request.outputs_only)


def _to_request(arguments: argparse.Namespace) -> "Request":
    from pipeline.verification.request import Request

    return Request(
        paths=tuple(arguments.paths),
        inputs=tuple(arguments.input),
        outputs=tuple(arguments.output),
        signature=arguments.signature,
        tags=tuple(arguments.tags.split(",")) if arguments.tags else None,
        rename=tuple(map(_split_rename, arguments.rename)),
        ema=arguments.ema,
        seed=arguments.seed,
        dims=tuple(arguments.dim),
        feeds=tuple(arguments.feed),
        outputs_only=arguments.outputs_only,
        tolerance=arguments.tolerance,
        trust=tuple(arguments.trust),
        proof=str(arguments.proof) if arguments.proof else None,
        url=arguments.url,
    )


def _split_rename(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise ConfigError(f"--rename {text}: give two names, such as --rename old/w=new/w")
    return old, new
