"""What the label of a task means: the facts that splitting, scaling, losses and reports need.

How a task is measured is in `pipeline.evaluation.tasks`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """Facts about a task. A label is one number a row, and these say what it stands for.

    Attributes:
        name: as in `dataset.json` and `model.json`.
        labels_are_classes: the label is the number of a class, counted from 0.
        has_class_names: the classes are named by `Dataset.classes`, and the model has one output
            for each of them.
        scales_label: the label is a quantity, which standard scaling scales.
        is_of_tables: an example may be a row of a table, whose numbers are float64.
        has_pairs: an example is a pair, so its shape begins with 2; the label is 1 if both belong
            together, else 0.
        uses_label: the model learns from labels; without it the output itself is minimized, one
            training row is enough, and the source must name the test rows (data.split=given).
    """

    name: str
    labels_are_classes: bool = False
    has_class_names: bool = False
    scales_label: bool = False
    is_of_tables: bool = False
    has_pairs: bool = False
    uses_label: bool = True


TASKS = {
    task.name: task
    for task in [
        Task("regression", scales_label=True, is_of_tables=True),
        Task("classification", labels_are_classes=True, has_class_names=True, is_of_tables=True),
        Task("similarity", labels_are_classes=True, has_pairs=True),
        Task("minimization", uses_label=False),
    ]
}


def name_columns(what: str, targets: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of each target: `prediction`, or `prediction_TARGET` of several."""
    return (what,) if len(targets) == 1 else tuple(f"{what}_{target}" for target in targets)
