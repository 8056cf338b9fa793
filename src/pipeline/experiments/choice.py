"""The runs of a sweep side by side, and which of them is the best.

A run is chosen by the validation rows. The test rows must have no part in it: the best of many runs
on the test rows is better there than on any others. So without validation rows nothing is chosen.
"""

import itertools
import json
import math
import shlex
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import pandas as pd

from pipeline.evaluation.tasks import headline
from pipeline.workspace import Workspace

VALIDATION = "validation"

FOLD = "data.fold"

METRICS_IN_BRIEF = 4


@dataclass(frozen=True)
class Finished:
    """A run that finished: its overrides, and what reports/metrics.json says of it."""

    overrides: Sequence[str]
    differing: Sequence[str]  # the overrides that have several values in the sweep
    task: str
    test: Mapping[str, float]
    validation: Mapping[str, float]  # empty without validation rows
    warnings: Sequence[str]

    @classmethod
    def read(cls, overrides: Sequence[str], differing: Sequence[str], workspace: Workspace) -> Self:
        """Read what is in a workspace."""
        metrics = json.loads(workspace.metrics.read_text(encoding="utf-8"))
        validation, warnings = metrics.get(VALIDATION, {}), metrics.get("warnings", [])
        task, test = metrics["task"], metrics["model"]
        return cls(overrides, differing, task, test, validation, warnings)

    @property
    def name(self) -> str:
        """The overrides that tell it from the others."""
        return " ".join(self.differing)

    @property
    def cost(self) -> float:
        """What is smaller for a better run; infinite without validation rows."""
        cost = headline(self.task).cost(self.validation)
        return math.inf if math.isnan(cost) else cost

    @property
    def but_fold(self) -> tuple[str, ...]:
        """The overrides without the number of the fold."""
        return tuple(one for one in self.overrides if not one.startswith(f"{FOLD}="))

    def row(self) -> dict[str, str | float]:
        """Return a row of the table: overrides, the metrics of the validation and of the test."""
        chosen = dict(part.split("=", 1) for part in self.differing)
        return {**chosen, **self._validation_columns(), **self.test}

    def brief(self) -> str:
        """Return the first metrics as one line of text."""
        found = {**dict(itertools.islice(self._validation_columns().items(), 1)), **self.test}
        first = itertools.islice(found.items(), METRICS_IN_BRIEF)
        return ", ".join(f"{name} {value:.6g}" for name, value in first)

    def _validation_columns(self) -> dict[str, float]:
        """Return the validation metrics as columns, that which chooses first."""
        chooses = headline(self.task).name
        names = sorted(self.validation, key=lambda name: name != chooses)
        return {f"{VALIDATION}.{name}": self.validation[name] for name in names}


def sort(runs: Sequence[Finished]) -> tuple[list[Finished], str]:
    """Return the runs, the best on the validation rows first, and a sentence about their order.

    Runs that differ in their fold alone have other validation rows each: their mean counts. Runs
    without validation rows come last. Where no run has them, or where the runs are of several
    tasks, the order stays. The sentence is empty for a single run.
    """
    if len(runs) < 2:
        return list(runs), ""
    tasks = sorted({run.task for run in runs})
    if len(tasks) > 1:
        return list(runs), f"not sorted: no metric compares {' with '.join(tasks)}"
    if all(math.isinf(run.cost) for run in runs):
        return list(runs), (
            "not sorted: there are no validation rows to choose a run by, and the test rows are to"
            " have no part in it; data.validation_share=0.1 keeps some"
        )
    costs = defaultdict[tuple[str, ...], list[float]](list)
    for run in runs:
        costs[run.but_fold].append(run.cost)
    has_folds = any(one.startswith(f"{FOLD}=") for run in runs for one in run.differing)
    if has_folds and len(costs) == 1:
        return list(runs), "not sorted: each fold has other validation rows, so see the mean"
    best_first = sorted(runs, key=lambda run: statistics.fmean(costs[run.but_fold]))
    best, column = best_first[0], f"{VALIDATION}.{headline(tasks[0]).name}"
    by = f"the mean of {column} over {FOLD}" if has_folds else column
    without = sum(math.isinf(run.cost) for run in runs)
    last = f"; {without} without validation rows at the end" if without else ""
    again = f"the best run again: pipeline run {shlex.join(best.overrides)}"
    if has_folds:
        again = f"the best without its fold: {shlex.join(best.but_fold)}"
    return best_first, f"sorted by {by}, the best first{last}\n{again}"


def tabulate(runs: Sequence[Finished]) -> pd.DataFrame:
    """Return a row for each run: the overrides that differ, and the metrics."""
    return pd.DataFrame([run.row() for run in runs])


def as_text(table: pd.DataFrame) -> str:
    """Return a table as lines of text, with mean and standard deviation of each metric."""
    numbers = table.select_dtypes("number")
    summary = pd.DataFrame({"mean": numbers.mean(), "deviation": numbers.std(ddof=1)}).T
    both = pd.concat([table, summary]) if len(table) > 1 else table
    return str(both.to_string(na_rep="", float_format="{:.6g}".format))
