"""What is said of a model that is worse than its baselines, or that has not converged.

Both are warnings: they stop nothing, because a baseline may be hard to beat. They are in
reports/metrics.json as `warnings`, and from there in the report and in MLflow.

*Worse than a baseline.* The model's cost on the test rows is larger than the baseline's by more
than a share of it: 1 / sqrt(test rows), which is about the error of a mean over that many rows, and
at least 1 %. It is also larger by a thousandth of the cost of the best baseline that uses no
features, so that nothing is said of two models that are both nearly perfect.

*Not converged.* The baseline minimizes the same loss over the same functions, as linear regression
does for `model=linear`. Then no training can be better on the training rows, and what the model
lacks there is steps. It is said where the model's cost on the training rows is larger by a tenth
and the baseline is better on the test rows, too: a model that was regularized or stopped early on
purpose is worse on the training rows alone.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.evaluation.tasks.base import Metrics, Task

LEAST_SHARE = 0.01
NEGLIGIBLE_SHARE = 1e-3  # of the cost of the best baseline that uses no features
NOT_CONVERGED_SHARE = 0.1


@dataclass(frozen=True)
class Trained:
    """What was trained: the parameters that say whether a closed form minimizes the same."""

    network: str
    loss: str  # `train.loss`


@dataclass(frozen=True)
class Measured:
    """The metrics of the model and of its baselines, by name, on the rows of one split."""

    rows: int
    model: Metrics
    baselines: Mapping[str, Metrics]


def find_warnings(task: Task, trained: Trained, test: Measured, train: Measured) -> list[str]:
    """Return what must be known before the model is used, a sentence each; often nothing."""
    return [*_worse_than_baselines(task, test, train), *_not_converged(task, trained, test, train)]


def _worse_than_baselines(task: Task, test: Measured, train: Measured) -> Iterator[str]:
    share = max(LEAST_SHARE, 1 / math.sqrt(max(test.rows, 1)))
    better = [name for name in test.baselines if _is_worse(task, test, name, share)]
    if not better:
        return
    metric = task.headline.name
    theirs = " and ".join(f"{test.baselines[name][metric]:.4g}" for name in better)
    yield (
        f"the model is worse than {' and '.join(better)}: on the test rows, its {metric} is"
        f" {test.model[metric]:.4g} against {theirs}; on training rows, it is"
        f" {train.model[metric]:.4g}"
    )


def _not_converged(task: Task, trained: Trained, test: Measured, train: Measured) -> Iterator[str]:
    form, metric = task.closed_form, task.headline.name
    if form is None or trained.network not in form.networks or trained.loss not in form.losses:
        return
    name = form.baseline
    if _is_worse(task, train, name, NOT_CONVERGED_SHARE) and _is_worse(task, test, name, 0):
        yield (
            f"not converged: {name} minimizes the same loss, and on training rows its {metric} is"
            f" {train.baselines[name][metric]:.4g} where the model has {train.model[metric]:.4g};"
            " give more train.steps, another optimizer.learning_rate, or optimizer=adam"
        )


def _is_worse(task: Task, measured: Measured, name: str, share: float) -> bool:
    """Tell whether the model's cost is larger than the baseline's by more than a share of it."""
    headline = task.headline
    costs = {baseline: headline.cost(found) for baseline, found in measured.baselines.items()}
    model, baseline = headline.cost(measured.model), costs[name]
    naive = min((abs(costs[each]) for each in task.naive if each in costs), default=0.0)
    return model - baseline > max(share * abs(baseline), NEGLIGIBLE_SHARE * naive)
