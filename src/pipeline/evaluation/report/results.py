"""What an evaluation reads, and what the figures and the report show."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.data.prepared.dataset import Dataset, EncodedRows, Split

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Inputs:
    """The data of an evaluation."""

    dataset: Dataset
    network: str  # a name in `model.name`
    step: int  # of the checkpoint that was kept, and is shipped
    train: EncodedRows
    sample: Split  # training rows, at most `SAMPLE_ROWS`
    validation: Split  # may be empty
    test: Split
    latest: Split  # may be empty
    history: pd.DataFrame  # the learning curve, as `learning_curve.read_table` returns it


@dataclass(frozen=True)
class Results(Inputs):
    """A measured model; without points of a grid where it is not a curve in the plane."""

    metrics: dict[str, Any]  # the contents of reports/metrics.json
    prediction: np.ndarray  # of the test rows, `[rows, outputs]`
    forecast: np.ndarray  # of the latest rows, `[rows, outputs]`
    grid: np.ndarray  # features, `[points, features]`
    fitted: np.ndarray  # predictions there, `[points, 1]`


# Draws results into an empty figure.
Draw = Callable[["Figure", Results], None]


def count_confusions(results: Results) -> np.ndarray:
    """Return the number of test rows, `[actual class, predicted class] int64`."""
    count = len(results.dataset.classes)
    counts = np.zeros((count, count), np.int64)
    np.add.at(counts, (results.test.label[:, 0].astype(int), results.prediction.argmax(1)), 1)
    return counts


def as_table(results: dict[str, Any]) -> str:
    """Return the contents of reports/metrics.json as lines of text."""
    tested = {"model": results["model"], **results["baselines"]}
    blocks = [_as_block("test rows", tested)]
    if "validation" in results:
        blocks.append(_as_block("validation rows", {"model": results["validation"]}))
    return "\n\n".join(blocks)


def _as_block(title: str, measured: dict[str, dict[str, float]]) -> str:
    names = list(measured["model"])
    distinct = len({name[:12] for name in names}) == len(names)
    cell = 12 if distinct else max(map(len, names))
    width = max(map(len, (title, *measured)))
    header = "  ".join(f"{name[:cell]:>{cell}}" for name in names)
    lines = [f"{title:<{width}}  {header}"]
    for who, metrics in measured.items():
        cells = (f"{metrics[name]:{cell}.6g}" if name in metrics else " " * cell for name in names)
        lines.append(f"{who:<{width}}  " + "  ".join(cells).rstrip())
    return "\n".join(lines)
