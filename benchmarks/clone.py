"""Fresh repositories in which the pipeline runs as a user runs it."""

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
AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid")


@dataclass(frozen=True)
class Process:
    """A finished process.

    Attributes:
        seconds: wall time.
        memory: peak memory in bytes, without that of its children.
        output: standard output and standard error.
    """

    seconds: float
    memory: int
    output: str


class Clone:
    """A repository and the commands that run in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *command: str) -> str:
        """Run a command and return its output.

        Raises:
            BenchmarkError: it failed; the message has its output.
        """
        return self.measure(*command).output

    def measure(self, *command: str, **variables: str) -> Process:
        """Run a command, with this interpreter as `python` and more environment variables.

        Raises:
            BenchmarkError: it failed; the message has its output.
        """
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "MLFLOW_", "TF_"))
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users keep compiled code
        path = [str(Path(sys.executable).parent), environment["PATH"]]
        environment["PATH"] = os.pathsep.join(path)
        environment |= {"PYTHONPATH": str(self.path / "src"), **variables}
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            started = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=self.path, env=environment, stdout=output, stderr=output
            )
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read()
        if process.returncode:
            raise BenchmarkError(f"{' '.join(command)} failed:\n{text[-4000:]}")
        return Process(seconds, used.ru_maxrss * 1024, text)

    def compose(self, *overrides: str) -> None:
        """Write params.yaml with overrides."""
        text = self.run(sys.executable, "-m", "pipeline", "run", "--dry-run", *overrides)
        (self.path / "params.yaml").write_text(text, encoding="utf-8")

    def run_stages(self, *names: str) -> None:
        """Run stages without DVC, one after another."""
        for name in names:
            self.measure_stage(name)

    def measure_stage(self, name: str, verbose: bool = False) -> Process:
        """Run one stage without DVC."""
        told = {"PIPELINE_VERBOSITY": "verbose"} if verbose else {}
        return self.measure(sys.executable, "-m", "pipeline.stages", name, **told)


def fresh(to: Path) -> Clone:
    """Make a repository of the files that Git tracks in this one."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, to / name)
    repository = Clone(to)
    repository.run("git", "init", "-q", "-b", "main")
    repository.run("git", "add", "-A")
    repository.run("git", *AUTHOR, "commit", "-q", "-m", "a state")
    return repository
