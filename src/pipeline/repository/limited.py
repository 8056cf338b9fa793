"""A child process with limits of time and memory, for work on files from others.

TensorFlow aborts a process on some graphs, and others take all memory or never end.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.errors import PipelineError
from pipeline.repository.parent import end_with_parent

GIB = 2**30
MOST_BYTES = 2**62  # what the operating system takes as a limit

# What is kept of the child's messages to tell why it ended.
LAST_LINES = 3


@dataclass(frozen=True)
class Limits:
    """What a child process may take."""

    seconds: float = 60
    gib: float = 4  # of memory, the libraries' included


class EndedEarlyError(PipelineError):
    """The child process did not answer: it was ended, or ended itself."""


class ReportedError(PipelineError):
    """An error that the child process reported, with its exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def ask(module: str, question: str, limits: Limits) -> dict[str, Any]:
    """Run a module as `run` does, and return its answer, which is a JSON object.

    Raises:
        EndedEarlyError: as `run` says.
        ReportedError: the work raised a `PipelineError`.
    """
    answered: dict[str, Any] = json.loads(run(module, question, limits))
    if "error" in answered:
        raise ReportedError(answered["error"], answered["exit_code"])
    return answered


def run(module: str, question: str, limits: Limits) -> str:
    """Run a module with `answer` in a child process, and return its answer.

    Raises:
        EndedEarlyError: it took longer, needed more memory, or aborted; the message says which.
    """
    command = [sys.executable, "-m", module, str(min(int(limits.gib * GIB), MOST_BYTES))]
    with tempfile.TemporaryFile() as messages:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=messages,
            start_new_session=True,
        )
        try:
            answer, _ = child.communicate(question.encode(), limits.seconds)
        except subprocess.TimeoutExpired:
            raise EndedEarlyError(
                f"it took more than {limits.seconds:g} seconds; allow more with --timeout"
            ) from None
        finally:
            _kill(child)
        messages.seek(0)
        lines = messages.read().decode(errors="replace").splitlines()
    if child.returncode == 0:
        return answer.decode()
    raise EndedEarlyError(_explain(child.returncode, lines, limits))


def answer(work: Callable[[str], str]) -> None:
    """Answer the question on standard input by `work`, within the limit of the command line.

    Whatever else writes to standard output goes to standard error.
    """
    end_with_parent()
    most = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    channel = os.dup(1)
    os.dup2(2, 1)
    try:
        text = work(sys.stdin.read())
    except PipelineError as error:
        text = json.dumps({"error": str(error), "exit_code": error.exit_code})
    with open(channel, "w", encoding="utf-8") as file:  # noqa: PTH123  (a descriptor)
        file.write(text)
    os._exit(0)  # threads of TensorFlow may not end


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def _explain(code: int, lines: list[str], limits: Limits) -> str:
    said = [line for line in lines if line.strip()]
    checks = [line.partition("] ")[2] or line for line in said if "Check failed" in line]
    text = " ".join(checks[:1] or said[-LAST_LINES:])[:300]
    if any("bad_alloc" in line or "MemoryError" in line for line in said):
        return f"it needs more than {limits.gib:g} GB of memory; allow more with --memory"
    if code < 0:
        return f"TensorFlow aborts the process ({signal.Signals(-code).name}): {text}"
    return f"the process failed: {text}"
