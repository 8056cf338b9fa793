"""Contenders in fresh processes, in turns, several rounds: machines are noisy, ratios count."""

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
    """What the rounds of one contender gave.

    Attributes:
        seconds: a unit, of each round.
        memory: the largest, in bytes.
    """

    contender: Contender
    seconds: list[float] = field(default_factory=list)
    result: float = float("nan")
    memory: float = 0.0

    @property
    def median(self) -> float:
        """The median over rounds, seconds a unit."""
        return statistics.median(self.seconds)

    def add(self, round_: dict[str, Any]) -> None:
        """Take in a round."""
        self.seconds.append(round_["seconds"])
        self.result = round_["result"]
        self.memory = max(self.memory, round_["memory"])


def measure(
    workload: Workload, rounds: int, quick: bool, torch_python: str | None
) -> list[Measured]:
    """Measure all contenders whose libraries are there.

    Args:
        torch_python: an interpreter that has PyTorch; None for this one.

    Raises:
        BenchmarkError: a contender's process failed; with what it wrote.
    """
    there = [c for c in workload.contenders if _interpreter(c, torch_python)]
    found = [Measured(contender) for contender in there]
    with tempfile.TemporaryDirectory(prefix=f"bench-{workload.name}-") as scratch:
        for turn in range(rounds):
            for measured in found:
                contender = measured.contender
                if contender.most_rounds is not None and turn >= contender.most_rounds:
                    continue
                python = _interpreter(contender, torch_python)
                measured.add(_round(python, workload, contender, quick, scratch))
                _tell(workload, measured)
    return found


def _interpreter(contender: Contender, torch_python: str | None) -> str:
    """Return the interpreter for a contender; nothing where its library is missing."""
    if contender.library is None:
        return sys.executable
    if torch_python:
        return torch_python
    return sys.executable if importlib.util.find_spec(contender.library) else ""


def _round(
    python: str, workload: Workload, contender: Contender, quick: bool, scratch: str
) -> dict[str, Any]:
    words = [workload.module, contender.function, "quick" if quick else "full", scratch]
    done = subprocess.run(
        [python, "-m", "benchmarks.child", *words, *contender.options],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"{workload.name}, {contender.name} failed:\n{done.stderr[-4000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _tell(workload: Workload, measured: Measured) -> None:
    last = measured.seconds[-1] * workload.scale
    print(f"{workload.name}: {measured.contender.name}: {last:.6g} s", file=sys.stderr, flush=True)
