"""Runs contenders in fresh processes and in turns, so that noise affects all of them alike."""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from typing import Any

from benchmarks.workload import BenchmarkError, Contender, Workload


@dataclass
class Measured:
    """The results of the rounds of one contender.

    Attributes:
        seconds: seconds a unit, one value a round.
        memory: the largest peak memory, in bytes.
    """

    contender: Contender
    seconds: list[float] = field(default_factory=list)
    result: float = float("nan")
    memory: float = 0.0

    @property
    def median(self) -> float:
        """The median over the rounds, in seconds a unit."""
        return statistics.median(self.seconds)

    def add(self, round_: dict[str, Any]) -> None:
        """Add the results of a round."""
        self.seconds.append(round_["seconds"])
        self.result = round_["result"]
        self.memory = max(self.memory, round_["memory"])


def measure(
    workload: Workload, rounds: int, quick: bool, torch_python: str | None
) -> list[Measured]:
    """Measure all contenders whose libraries are installed.

    Args:
        torch_python: an interpreter with PyTorch; None for this one.

    Raises:
        BenchmarkError: the process of a contender failed; the message has its output.
    """
    installed = [c for c in workload.contenders if _interpreter(c, torch_python)]
    results = [Measured(contender) for contender in installed]
    with tempfile.TemporaryDirectory(prefix=f"bench-{workload.name}-") as scratch:
        for turn in range(rounds):
            for measured in results:
                contender = measured.contender
                if contender.most_rounds is not None and turn >= contender.most_rounds:
                    continue
                python = _interpreter(contender, torch_python)
                measured.add(_run_round(python, workload, contender, quick, scratch))
                _print_last(workload, measured)
    return results


def torch_version(python: str | None) -> str:
    """Return the version of PyTorch; empty if it is not installed."""
    code = "import torch; print(torch.__version__)"
    done = subprocess.run(
        [python or sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    if python and done.returncode:
        raise BenchmarkError(f"--torch-python {python}: it cannot import torch:\n{done.stderr}")
    return done.stdout.strip()


def _interpreter(contender: Contender, torch_python: str | None) -> str:
    """Return the interpreter for a contender; empty if its library is missing."""
    if contender.library is None:
        return sys.executable
    if torch_python:
        return torch_python
    return sys.executable if importlib.util.find_spec(contender.library) else ""


def _run_round(
    python: str, workload: Workload, contender: Contender, quick: bool, scratch: str
) -> dict[str, Any]:
    arguments = [workload.module, contender.function, "quick" if quick else "full", scratch]
    done = subprocess.run(
        [python, "-m", "benchmarks.child", *arguments, *contender.options],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"{workload.name}, {contender.name} failed:\n{done.stderr[-4000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _print_last(workload: Workload, measured: Measured) -> None:
    last = measured.seconds[-1] * workload.scale
    print(f"{workload.name}: {measured.contender.name}: {last:.6g} s", file=sys.stderr, flush=True)
