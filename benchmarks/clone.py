"""Repositories of their own, in which the pipeline runs as a user runs it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workload import BenchmarkError

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Process:
    """What a process took, and said.

    Attributes:
        memory: the most that it held, in bytes; that of its children is not in it.
    """

    seconds: float
    memory: int
    printed: str


class Clone:
    """A repository and what is done in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *command: str) -> str:
        """Run a command; returns what it printed.

        Raises:
            BenchmarkError: it failed; with what it printed.
        """
        return self.measured(*command).printed

    def measured(self, *command: str) -> Process:
        """Run a command, with this interpreter as `python`.

        Raises:
            BenchmarkError: it failed; with what it printed.
        """
        ours = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "MLFLOW_", "TF_"))}
        ours["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), ours["PATH"]])
        ours["PYTHONPATH"] = str(self.path / "src")
        with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
            started = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=self.path, env=ours, stdout=printed, stderr=printed
            )
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            printed.seek(0)
            text = printed.read()
        if process.returncode:
            raise BenchmarkError(f"{' '.join(command)} failed:\n{text[-4000:]}")
        return Process(seconds, used.ru_maxrss * 1024, text)

    def compose(self, *overrides: str) -> None:
        """Write the params.yaml of these overrides."""
        text = self.run(sys.executable, "-m", "pipeline", "run", "--dry-run", *overrides)
        (self.path / "params.yaml").write_text(text, encoding="utf-8")

    def stage(self, *names: str) -> None:
        """Run stages without DVC, one after another."""
        for name in names:
            self.measured_stage(name)

    def measured_stage(self, name: str) -> Process:
        """Run one stage without DVC."""
        return self.measured(sys.executable, "-m", "pipeline.stages", name)


def fresh(to: Path) -> Clone:
    """Make a repository with the files of this one that Git tracks."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, to / name)
    made = Clone(to)
    made.run("git", "init", "-q", "-b", "main")
    made.run("git", "add", "-A")
    author = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid")
    made.run("git", *author, "commit", "-q", "-m", "a state")
    return made
