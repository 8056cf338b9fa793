"""Compare models of real tables, each made by one command, with scikit-learn's on the same rows.

The program sees a table as it comes and takes its defaults; its stages prepare and train run here,
and the checkpoint predicts in eager execution, with which all forms of a model agree. scikit-learn
learns from all rows that are not test rows; the program keeps a tenth of these to know when to
stop. Writes docs/tables-benchmark.json and .md.
"""

import argparse
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import tables_document
from benchmarks.scikit_learn_tables import LINEAR, MLP, Table
from benchmarks.shipped_tables import TABLES, ShippedTable
from pipeline.config import composing
from pipeline.data.prepared.dataset import read_dataset, read_split, read_training_rows
from pipeline.repository import environment
from pipeline.workspace import Workspace

SEEDS = (0, 1, 2, 3, 4)
DOCUMENT = Path("docs/tables-benchmark.json")
REPOSITORY = Path(__file__).parents[1]

Found = dict[str, Any]


def measure(table: ShippedTable, seeds: Sequence[int], folder: Path) -> Found:
    """Return what was found for a table: its size, and the metrics of all models, one a seed.

    Args:
        folder: empty; becomes a workspace.
    """
    set_up(table, folder)
    metrics: dict[str, list[dict[str, float]]] = {}
    for seed in seeds:
        for model in (LINEAR, MLP):
            found = train(table, model, seed, folder)
            for name, values in found.items():
                metrics.setdefault(name, []).append(values)
        learned, tested = _rows(folder)
        has_classes = bool(read_dataset(Workspace(folder).prepared).classes)
        theirs = Table(folder / table.file, table.target, has_classes)
        for model in (LINEAR, MLP):
            measured = theirs.measure(model, learned, tested, seed)
            metrics.setdefault(f"scikit-learn {model}", []).append(measured)
    size = {"rows": len(learned) + len(tested), "columns": theirs.describe()}
    return {"classes": has_classes, **size, "metrics": metrics}


def set_up(table: ShippedTable, folder: Path) -> None:
    """Make a workspace of an empty folder, with the table in it."""
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    table.write(folder / table.file)


def train(table: ShippedTable, model: str, seed: int, folder: Path) -> dict[str, dict[str, float]]:
    """Prepare and train as the table's command does; returns the metrics on the test rows.

    They are those of the model, and of the closed form for the same training rows.
    """
    from pipeline.evaluation import tasks
    from pipeline.models.run.form import Runtime, predict_in_pieces
    from pipeline.models.run.registry import REFERENCE
    from pipeline.stages import prepare
    from pipeline.stages import train as training

    workspace = Workspace(folder)
    overrides = [*table.command(model), f"seed={seed}", "device=cpu"]
    settings, text = composing.compose(workspace, overrides)
    composing.publish(text, workspace)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        prepare.run(settings, workspace)
        training.run(settings, workspace)
    test = read_split("test", workspace.prepared)
    task = tasks.choose(read_dataset(workspace.prepared), settings.train.margin, None, None)
    runner = REFERENCE.open(workspace.checkpoint, Runtime(workspace))
    predicted = np.asarray(predict_in_pieces(runner, test.inputs()))
    found = {f"pipeline {model}": _chosen(task.metrics(predicted, test))}
    if model == LINEAR and table.linear_is_enough:
        closed_form = task.fit_predictors(read_training_rows(workspace.prepared))
        exact = closed_form["linear_regression"](test)
        found["closed form"] = _chosen(task.metrics(exact, test))
    return found


def _chosen(metrics: dict[str, float]) -> dict[str, float]:
    return {name: metrics[name] for name in tables_document.METRICS if name in metrics}


def _rows(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers from 0 of the rows that are for training or validation, and for test."""
    prepared = Workspace(folder).prepared
    splits = [read_training_rows(prepared), read_split("validation", prepared)]
    numbers = np.concatenate([split.index for split in splits])
    return numbers - 1, read_split("test", prepared).index - 1


def main(arguments: argparse.Namespace) -> None:
    """Measure the chosen tables and print what was found; with all seeds, write the documents."""
    chosen = [table for table in TABLES if table.name in (arguments.only or [table.name])]
    for table in chosen:
        with tempfile.TemporaryDirectory(prefix="tables-") as folder:
            found = measure(table, SEEDS[: arguments.seeds], Path(folder))
        print(tables_document.markdown({table.name: found}), flush=True)
        if arguments.seeds == len(SEEDS):
            _write(table, found)


def _write(table: ShippedTable, found: Found) -> None:
    """Add a table to the documents, which keep earlier results of others."""
    earlier = json.loads(DOCUMENT.read_text(encoding="utf-8")) if DOCUMENT.exists() else {}
    earlier[table.name] = found
    document = {known.name: earlier[known.name] for known in TABLES if known.name in earlier}
    DOCUMENT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    DOCUMENT.with_suffix(".md").write_text(tables_document.page(document), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    names = [table.name for table in TABLES]
    parser.add_argument("--only", nargs="+", choices=names, metavar="TABLE", help=", ".join(names))
    parser.add_argument(
        "--seeds", type=int, choices=range(1, len(SEEDS) + 1), default=len(SEEDS),
        help="number of seeds; with fewer than all, results are only printed",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    environment.configure()
    sys.exit(main(_parser().parse_args()))
