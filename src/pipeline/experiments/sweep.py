"""Runs of every combination of the values that overrides name, one after another."""

import itertools
import logging
import subprocess
from collections.abc import Sequence

from pipeline.config import composing
from pipeline.config import overrides as overriding
from pipeline.errors import PipelineError
from pipeline.experiments.choice import Finished
from pipeline.repository import dvc
from pipeline.workspace import Workspace

_log = logging.getLogger(__name__)


def combinations(overrides: Sequence[str], workspace: Workspace) -> list[list[str]]:
    """Expand Hydra's `key=a,b`, `key=range(0,5)` and `group=glob(l*)`; the last key runs first.

    Raises:
        ConfigError: an override does not fit the grammar.
    """
    values = [overriding.split_values(override, workspace) for override in overrides]
    return [list(chosen) for chosen in itertools.product(*values)]


def run(
    workspace: Workspace, overrides: Sequence[str], command: Sequence[str]
) -> tuple[list[Finished], list[PipelineError]]:
    """Run every combination; the results of the last one stay in the work tree.

    Args:
        command: reproduces the pipeline with the params.yaml that is there.

    Returns:
        The runs that finished, in their order; the failures.

    Raises:
        ConfigError: a combination is wrong; all are checked before the first one runs.
    """
    chosen = combinations(overrides, workspace)
    choices = [overriding.choose(combination, workspace) for combination in chosen]
    params = [composing.compose_choice(choice, workspace)[1] for choice in choices]
    varied = [len(overriding.split_values(override, workspace)) > 1 for override in overrides]
    environment, logs = dvc.composed_environment(), workspace.temporary / "sweep"
    logs.mkdir(parents=True, exist_ok=True)
    finished, failures = [], []
    for number, (combination, choice, text) in enumerate(
        zip(chosen, choices, params, strict=True), start=1
    ):
        differing = list(itertools.compress(combination, varied))
        name, progress = " ".join(differing) or "one run", f"[{number}/{len(chosen)}]"
        composing.publish_record(choice, workspace)
        composing.publish(text, workspace)
        log = logs / f"{number}.log"
        _log.debug("%s: running %s", name, " ".join(command))
        with log.open("w", encoding="utf-8") as out:
            done = subprocess.run(
                command, cwd=workspace.root, env=environment, stdout=out, stderr=out, check=False
            )
        if done.returncode:
            failures.append(PipelineError(f"{name}: failed; see {workspace.relative(log)}"))
            _log.warning("%s %s", progress, failures[-1])
            continue
        finished.append(Finished.read(combination, differing, workspace))
        _log.info("%s %s: %s", progress, name, finished[-1].brief())
        for warning in finished[-1].warnings:
            _log.warning("%s %s: %s", progress, name, warning)
    return finished, failures
