"""Run every combination of values, then print a table.

The combinations of the values that overrides name run one after another. The table has their
metrics, with mean and standard deviation. Where there are validation rows, it is sorted by them.

example: pipeline sweep data.split=kfold 'data.fold=range(0,5)'
"""

import argparse
import signal
from pathlib import Path

from pipeline.errors import DataError
from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add overrides and `--output`."""
    parser.add_argument("overrides", nargs="+", metavar="KEY=A,B", help="or GROUP=A,B")
    parser.add_argument("-o", "--output", type=Path, help="also write the table to a CSV file")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Run the combinations; the exit code is 1 if one fails."""
    from pipeline.experiments import choice, sweep
    from pipeline.reporting.table_writer import write_table
    from pipeline.repository import dvc, processes

    output = arguments.output
    if output is not None and not output.resolve().parent.is_dir():
        raise DataError(f"{output}: the folder {output.parent} does not exist")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the running `dvc repro`
    with processes.exclusive(workspace, "sweep"):
        finished, failures = sweep.run(workspace, arguments.overrides, dvc.repro_command())
    if finished:
        ordered, order = choice.sort(finished)
        table = choice.tabulate(ordered)
        print("", choice.as_text(table), *filter(None, [order]), sep="\n")
        if output is not None:
            write_table(table, output)
    return failures[0].exit_code if failures else 0
