"""Measure time and memory of the pipeline and others; write docs/benchmarks.md, .json and .png."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import (
    breakdown,
    commands,
    figure,
    growth,
    inference,
    lenet,
    many,
    measuring,
    mlp,
    preparing,
    preparing_text,
    regression,
    serving,
    streaming,
    whole,
    writing,
)
from benchmarks.workload import BenchmarkError, Workload

WORKLOADS = (
    regression.WORKLOAD,
    mlp.WORKLOAD,
    lenet.WORKLOAD,
    inference.ONE_ROW,
    inference.MANY_ROWS,
    serving.COMMAND_ONE,
    serving.COMMAND_MANY,
    serving.PYFUNC_ONE,
    serving.PYFUNC_MANY,
    streaming.WORKLOAD,
    preparing.WORKLOAD,
    preparing_text.WORKLOAD,
    whole.COLD,
    whole.EDIT,
    whole.NOTHING_TO_DO,
    *commands.WORKLOADS,
)
NAMES = (*(workload.name for workload in WORKLOADS), "breakdown", "growth", "many")
DOCUMENT = Path("docs/benchmarks.json")


def main(arguments: argparse.Namespace) -> None:
    """Measure the chosen workloads, then print and write the results."""
    chosen = arguments.only or NAMES
    document: dict[str, Any] = {
        "machine": writing.machine(measuring.torch_version(arguments.torch_python)),
        "rounds": arguments.rounds,
        "workloads": {},
    }
    if arguments.only and not arguments.quick:
        document = _merge_earlier(document)
    for workload in WORKLOADS:
        if workload.name in chosen:
            document["workloads"][workload.name] = _measure(workload, arguments)
            _write(document, arguments.quick)
    if "breakdown" in chosen:
        document["breakdown"] = breakdown.measure()
    if "growth" in chosen:
        document["growth"] = growth.measure(arguments.quick)
    if "many" in chosen:
        document["many"] = many.measure(arguments.quick)
    _write(document, arguments.quick)
    print(writing.markdown(document))


def _measure(workload: Workload, arguments: argparse.Namespace) -> dict[str, Any]:
    rounds = 1 if arguments.quick else arguments.rounds
    results = measuring.measure(workload, rounds, arguments.quick, arguments.torch_python)
    return writing.as_json(workload, results)


def _write(document: dict[str, Any], quick: bool) -> None:
    """Write the documents, unless the sizes are small: such results are only printed."""
    if quick:
        return
    order = [name for name in NAMES if name in document["workloads"]]
    document["workloads"] = {name: document["workloads"][name] for name in order}
    DOCUMENT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    DOCUMENT.with_suffix(".md").write_text(writing.markdown(document), encoding="utf-8")
    if "growth" in document:
        figure.draw(document["growth"], DOCUMENT.with_suffix(".png"))


def _merge_earlier(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with earlier results of the same machine and versions."""
    if DOCUMENT.exists():
        earlier = dict(json.loads(DOCUMENT.read_text(encoding="utf-8")))
        if earlier.get("machine") == document["machine"]:
            return earlier | {"rounds": document["rounds"]}
    return document


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--rounds", type=int, default=3, help="rounds of each workload (default: 3)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="run small sizes once and print the results only"
    )
    parser.add_argument("--torch-python", metavar="PATH", help="a Python interpreter with PyTorch")
    return parser


if __name__ == "__main__":
    try:
        main(_parser().parse_args())
    except BenchmarkError as error:
        sys.exit(f"benchmarks: {error}")
