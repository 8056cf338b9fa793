"""Many runs, one after another: every combination of the values that overrides name."""

import itertools
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline import composition, files
from pipeline.errors import PipelineError

LOGS = Path(".dvc/tmp/sweep")


def combinations(overrides: Sequence[str]) -> list[list[str]]:
    """Expand Hydra's `key=a,b`, `key=range(0,5)` and `key=choice(a,b)`; the last key runs first.

    Raises:
        ConfigError: an override does not fit the grammar.
    """
    return [list(chosen) for chosen in itertools.product(*map(composition.values_of, overrides))]


def run(
    overrides: Sequence[str], command: Sequence[str], environment: Mapping[str, str]
) -> tuple[pd.DataFrame, list[PipelineError]]:
    """Run every combination in this work tree, which is left as the last one made it.

    All combinations are composed and checked before the first one runs.

    Args:
        command, environment: what reproduces the pipeline for a params.yaml that is composed.

    Returns:
        A row a run: the values that differ, then the model's metrics; and what went wrong.

    Raises:
        ConfigError: a combination is wrong.
    """
    jobs = combinations(overrides)
    varied = [name for name in overrides if len(composition.values_of(name)) > 1]
    texts = [composition.composed(job)[1] for job in jobs]
    files.root().joinpath(LOGS).mkdir(parents=True, exist_ok=True)
    rows, failures = [], []
    for number, (job, text) in enumerate(zip(jobs, texts, strict=True), start=1):
        log = LOGS / f"{number}.log"
        composition.publish(text)
        with log.open("w", encoding="utf-8") as output:
            done = subprocess.run(
                command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
            )
        pairs = zip(job, overrides, strict=True)
        differing = dict(part.split("=", 1) for part, given in pairs if given in varied)
        shown = " ".join(f"{key}={value}" for key, value in differing.items()) or "one run"
        if done.returncode:
            failures.append(PipelineError(f"{shown}: failed; {log} says why"))
            print(f"[{number}/{len(jobs)}] {failures[-1]}", flush=True)
            continue
        metrics = json.loads(files.METRICS.read_text(encoding="utf-8"))["model"]
        print(f"[{number}/{len(jobs)}] {shown}: {_brief(metrics)}", flush=True)
        rows.append({**differing, **metrics})
    return pd.DataFrame(rows), failures


def _brief(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in itertools.islice(metrics.items(), 4))


def as_table(results: pd.DataFrame) -> str:
    """Return the results as lines of text, with mean and standard deviation of each metric."""
    numbers = results.select_dtypes("number")
    summary = pd.DataFrame({"mean": numbers.mean(), "deviation": numbers.std(ddof=1)}).T
    both = pd.concat([results, summary]) if len(results) > 1 else results
    return str(both.to_string(na_rep="", float_format="{:.6g}".format))
