"""The page docs/tables-benchmark.md: what was found for each table, and whether it is good enough.

Our better model is compared with scikit-learn's better one, each by the mean over the seeds. It is
good enough where it is no worse by more than two standard deviations of scikit-learn's.
"""

import shlex
import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.scikit_learn_tables import LINEAR, MLP
from benchmarks.shipped_tables import TABLES

# Each metric and whether a larger value is better.
METRICS = {"r2": True, "mse": False, "accuracy": True, "log_loss": False}
NAMES = {"r2": "R²", "mse": "MSE", "accuracy": "accuracy", "log_loss": "log loss"}
DEVIATIONS, CLOSED_FORM = 2, 1.01

INTRODUCTION = """\
# Real tables

Tables that Python packages ship, as they come, each with one command and no preparation. Written by
`python -m benchmarks.tables`, which needs the extra `tables`. Mean ± standard deviation over the
seeds 0 to 4, each with its own split; all models are measured on the same test rows.
`scikit-learn` learns from the same rows: numbers are filled with the median and standardized, texts
are one-hot, dates are a number and calendar parts; then `LinearRegression` or `LogisticRegression`,
and `MLPRegressor` (with a standardized target) or `MLPClassifier`, with their defaults and up to
1,000 iterations. The last column tells whether the better pipeline model is no worse than
scikit-learn's better one by more than two of its standard deviations.

A command is `pipeline run data=csv data.path=FILE data.target=TARGET model=linear`, or `model=mlp`;
the file is that of the package, or what pandas' `to_csv` writes of its table, with the index.
"""


def page(document: Mapping[str, Any]) -> str:
    """Return the page."""
    parts = [INTRODUCTION, markdown(document)]
    linear = [table.name for table in TABLES if table.linear_is_enough and table.name in document]
    if linear:
        parts += ["## `model=linear` and the closed form", closed_forms(document, linear)]
    return "\n".join(parts) + "\n"


def markdown(document: Mapping[str, Any]) -> str:
    """Return a table with a row for each table and metric."""
    head = ["table", "rows", "columns", "metric", *(f"pipeline {m}" for m in (LINEAR, MLP))]
    head += [*(f"scikit-learn {m}" for m in (LINEAR, MLP)), "good enough"]
    lines = [_row(head), _row([*["---"] * 3, "---", *["---:"] * 4, "---"])]
    known = {table.name: table for table in TABLES}
    for name, found in document.items():
        table, metrics = known[name], found["metrics"]
        path, target = table.command(LINEAR)[1:3]
        first = [f"{table.package}: `{shlex.join([path, target])}`", f"{found['rows']:,}",
                 found["columns"]]  # fmt: skip
        for metric in measured(found):
            cells = [_cell(metrics[who], metric) for who in head[4:8]]
            verdict = "yes" if excess(found, metric) <= DEVIATIONS else "**no**"
            lines.append(_row([*first, NAMES[metric], *cells, verdict]))
            first = ["", "", ""]
    return "\n".join(lines) + "\n"


def closed_forms(document: Mapping[str, Any], names: list[str]) -> str:
    """Return a table of the MSE of `model=linear` and of the closed form on the same rows."""
    lines = [_row(["table", "pipeline linear", "closed form", "ratio", "within 1 %"]),
             _row(["---", "---:", "---:", "---:", "---"])]  # fmt: skip
    for name in names:
        metrics = document[name]["metrics"]
        pairs = zip(metrics["pipeline linear"], metrics["closed form"], strict=True)
        ratio = max(one["mse"] / other["mse"] for one, other in pairs)
        cells = [_cell(metrics[who], "mse") for who in ("pipeline linear", "closed form")]
        verdict = "yes" if ratio <= CLOSED_FORM else "**no**"
        lines.append(_row([name, *cells, f"{ratio:.6f} at most", verdict]))
    return "\n".join(lines) + "\n"


def measured(found: Mapping[str, Any]) -> list[str]:
    """Return the names of the metrics of a table."""
    return [metric for metric in METRICS if metric in found["metrics"][f"pipeline {MLP}"][0]]


def excess(found: Mapping[str, Any], metric: str) -> float:
    """Return by how many standard deviations of scikit-learn's better model ours is worse."""
    sign = -1 if METRICS[metric] else 1
    ours, theirs = (_best(found, metric, sign, who) for who in ("pipeline", "scikit-learn"))
    worse = sign * (ours[0] - theirs[0])
    return worse / theirs[1] if theirs[1] else (0.0 if worse <= 0 else float("inf"))


def _best(found: Mapping[str, Any], metric: str, sign: int, who: str) -> tuple[float, float]:
    both = [_mean_and_deviation(found["metrics"][f"{who} {m}"], metric) for m in (LINEAR, MLP)]
    return min(both, key=lambda one: sign * one[0])


def _mean_and_deviation(values: list[dict[str, float]], metric: str) -> tuple[float, float]:
    numbers = [value[metric] for value in values]
    return statistics.mean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else 0.0


def _cell(values: list[dict[str, float]], metric: str) -> str:
    mean, deviation = _mean_and_deviation(values, metric)
    return f"{mean:.4g} ± {deviation:.2g}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
