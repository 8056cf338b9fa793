"""A stage that the waiting process runs behaves as in a process of its own.

The stages are programs of a few lines, in a package that has the real `waiting`; so are the
libraries. Real stages are in tests/repro/test_waiting.py.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.repository import waiting

from ..conftest import REPOSITORY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pidfd and F_SETSIG")

SECONDS = 20

STAGES = """
import os, signal, sys
from pipeline.repository import waiting
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
reason = waiting.hand_over(sys.argv[1])
try:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    exec(os.environ["DVC_WORK"])
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""

# Waits for a line with a stage, and runs it.
DVC = """
"a stand-in for dvc"
import os, subprocess, sys
for line in sys.stdin:
    name, work, variables = eval(line)
    environment = {**os.environ, "DVC_STAGE": name, "DVC_WORK": work, **variables}
    command = [sys.executable, "-m", "pipeline.stages", name]
    stage = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(stage.pid, flush=True)
    output = stage.communicate()[0].decode()
    print(repr((stage.returncode, output)), flush=True)
"""

# What `pipeline run` does before it becomes dvc: until then its command does not name that.
EARLY = """
import os, subprocess, sys
command = [sys.executable, "-m", "pipeline.repository.waiting", str(os.getpid())]
subprocess.run(command, check=True, env={**os.environ, "DV" "C_STAGE": "none yet"})
print("started", flush=True)
os.execv(sys.executable, [sys.executable, "-c", os.environ["PROGRAM"]])
"""

SERVED = "print('served' if 'waiting' in open('/proc/self/cmdline').read() else 'alone')"

FACTS = """
import gc, json, resource
mask = os.umask(0)
os.umask(mask)
numbers = sorted(set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
print(json.dumps({
    "arguments": sys.argv,
    "folder": os.getcwd(),
    "path": sys.path,
    "environment": {k: v for k, v in os.environ.items() if k != "PIPELINE_WAITING"},
    "umask": mask,
    "main": __name__,
    "descriptors": {
        n: os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{n}") and int(n) < 3
    },
    "signals": [str(signal.getsignal(n)) for n in numbers],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "limits": [resource.getrlimit(n) for n in range(10)],
    "buffered": [sys.stdout.line_buffering, sys.stderr.line_buffering, sys.stdout.encoding],
    "threads": len(os.listdir("/proc/self/task")),
    "collects": [gc.isenabled(), gc.get_threshold()],
}))
"""


class Dvc:
    """A process that runs stages one after another, as `dvc` does."""

    def __init__(self, root: Path, before: str = "") -> None:
        self.root = root
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "TF_"))}
        environment |= {"PYTHONPATH": str(root / "src"), "PROGRAM": DVC}
        self._process = subprocess.Popen(
            [sys.executable, "-c", before or DVC],
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

        if before:
            assert self._process.stdout
            assert self._process.stdout.readline() == "started\n"

    def start(self, work: str, stage: str = "train", **variables: str) -> int:
        """Start a stage and return its process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{(stage, work, variables)!r}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def finish(self) -> tuple[int, str]:
        """Return the exit code of the stage and what it printed."""
        assert self._process.stdout
        code, output = eval(self._process.stdout.readline())
        return code, output.strip()

    def run(self, work: str, stage: str = "train", **variables: str) -> tuple[int, str]:
        self.start(work, stage, **variables)
        return self.finish()

    def sockets(self) -> list[Path]:
        return sorted((self.root / ".dvc/tmp").glob("waiting-*"))

    def waiting(self) -> list[int]:
        """Return the processes that wait, and the stages that they run."""
        return [
            int(process.name)
            for process in Path("/proc").glob("[0-9]*")
            if str(self.root) in _command(process) and "process.py" in _command(process)
        ]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self._process.communicate()


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


def eventually(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def edit(root: Path, needed: str, useful: str = "()") -> None:
    """Give the waiting process other libraries."""
    file = root / "src/pipeline/repository/waiting/process.py"
    text = file.read_text(encoding="utf-8")
    begin, middle, end = (text.index(f"{name} =") for name in ("NEEDED", "USEFUL", "KNOWN_THREADS"))
    assert begin < middle < end
    changed = f"NEEDED = {needed}\nUSEFUL = {useful}\n"
    file.write_text(text[:begin] + changed + text[end:], encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    package, source = tmp_path / "src/pipeline", REPOSITORY / "src/pipeline"
    for name in ("errors.py", "__init__.py", "repository/environment.py", "repository/parent.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, package / name)
    shutil.copytree(source / "repository/waiting", package / "repository/waiting")
    (package / "repository/__init__.py").touch()
    (package / "stages").mkdir()
    (package / "stages/__init__.py").touch()
    (package / "stages/__main__.py").write_text(STAGES, encoding="utf-8")
    (tmp_path / "params.yaml").write_text("device:\n  kind: cpu\n  onednn: true\n")
    edit(tmp_path, "('decimal',)")
    return tmp_path


@pytest.fixture
def dvc(root: Path) -> Iterator[Dvc]:
    made = Dvc(root)
    yield made
    made.end()
    eventually(lambda: not made.waiting())
    assert not made.sockets()


def test_a_stage_finds_what_it_finds_in_its_own_process(dvc: Dvc):
    found = []
    for switch in ("0", "1"):
        code, output = dvc.run(f"{SERVED}\n{FACTS}", DVC_OTHER=switch, PIPELINE_WAITING=switch)
        assert code == 0
        who, facts = output.splitlines()
        assert who == ("served" if switch == "1" else "alone")
        found.append(json.loads(facts))
        found[-1]["environment"].pop("DVC_OTHER")
        found[-1]["descriptors"].pop("1")  # a pipe of its own
        found[-1]["descriptors"].pop("2")
    assert found[0] == found[1]


@pytest.mark.parametrize("code", [0, 7])
def test_the_exit_code_is_that_of_the_stage(dvc: Dvc, code: int):
    assert dvc.run(f"{SERVED}; sys.exit({code})") == (code, "served")


def test_threads_and_exit_functions_end_before_the_stage(dvc: Dvc):
    work = """
import atexit, threading, time
atexit.register(print, "last")
threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
sys.stdout.write("first\\n")
sys.exit(0)
"""
    assert dvc.run(work) == (0, "first\nthread\nlast")


def test_an_error_of_the_interpreter_is_printed(dvc: Dvc):
    assert dvc.run("sys.exit('a reason')") == (1, "a reason")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_stage_that_is_ended_by_a_signal(dvc: Dvc, number: signal.Signals):
    code, _ = dvc.run(f"signal.signal(15, signal.SIG_DFL); os.kill(os.getpid(), {number:d})")
    assert code == -number


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_reaches_the_stage(dvc: Dvc, number: signal.Signals):
    work = "signal.signal(15, signal.default_int_handler)\nopen('begun', 'w')\nsignal.pause()"
    stage = dvc.start(f"{SERVED}\n{work}")
    eventually((dvc.root / "begun").exists)
    os.kill(stage, number)
    assert dvc.finish() == (130, "served\ninterrupted")


def test_an_interrupt_during_the_imports_reaches_the_stage(dvc: Dvc):
    (dvc.root / "late.py").write_text("import time; time.sleep(3)")
    edit(dvc.root, "('late',)")
    stage = dvc.start(f"open('begun', 'w')\n{SERVED}")
    eventually(dvc.sockets)
    time.sleep(0.3)
    os.kill(stage, signal.SIGINT)
    code, output = dvc.finish()
    assert (code, output.splitlines()[-1]) == (130, "interrupted")
    assert not (dvc.root / "begun").exists()


def test_a_stage_ends_with_its_process(dvc: Dvc):
    stage = dvc.start("open('pid', 'w').write(str(os.getpid()))\nsignal.pause()")
    eventually(lambda: (dvc.root / "pid").exists() and (dvc.root / "pid").read_text())
    child = Path("/proc", (dvc.root / "pid").read_text())
    assert child.exists()
    os.kill(stage, signal.SIGKILL)
    assert dvc.finish() == (-signal.SIGKILL, "")
    eventually(lambda: not child.exists())
    assert dvc.run(SERVED) == (0, "served")


@pytest.mark.parametrize("at_work", [False, True])
def test_all_end_with_a_killed_dvc(root: Path, at_work: bool):
    dvc = Dvc(root)
    dvc.run("")
    if at_work:
        dvc.start("open('begun', 'w')\nsignal.pause()")
        eventually((root / "begun").exists)
    assert len(dvc.waiting()) == 1 + at_work
    dvc.kill()
    eventually(lambda: not dvc.waiting())
    assert not dvc.sockets()


def test_imports_end_with_a_killed_dvc(root: Path):
    edit(root, "('decimal',)", "tuple(f'slow{n}' for n in range(100))")
    for number in range(100):
        (root / f"slow{number}.py").write_text("import time; time.sleep(0.3)")
    dvc = Dvc(root)
    dvc.run("", stage="config")
    assert len(dvc.waiting()) == 1
    dvc.kill()
    eventually(lambda: not dvc.waiting())


def test_a_killed_process_costs_nothing_but_time(dvc: Dvc):
    work = "\nif os.path.exists('again'): print('again'), sys.exit(3)\nopen('again', 'w')\n"
    dvc.start(f"{work}os.kill(os.getppid(), 9)\nsignal.pause()")
    assert dvc.finish() == (3, "again")
    assert dvc.run(SERVED) == (0, "alone")  # its socket is there
    (left,) = dvc.sockets()
    left.unlink()


def test_another_environment_is_not_served_by_it(dvc: Dvc):
    parent = "print(os.getppid())"
    first = dvc.run(parent)
    assert dvc.run(parent) == first
    assert dvc.run(parent, DVC_ANY="other") == first
    other = dvc.run(parent, OMP_NUM_THREADS="1")
    assert other != first
    params = dvc.root / "params.yaml"
    params.write_text(params.read_text().replace("onednn: true", "onednn: false"))
    assert dvc.run(parent) not in (first, other)
    params.write_text("device: {onednn: true}\n")
    assert dvc.run(SERVED) == (0, "alone")


def test_what_a_shell_sets_starts_no_other(dvc: Dvc):
    parent = "print(os.getppid())"
    first = dvc.run(parent)
    assert dvc.run(parent, PWD="/", OLDPWD="/", SHLVL="9", _="sh") == first
    assert dvc.run("print(os.environ['PWD'])", PWD="/") == (0, "/")


def test_libraries_see_the_chosen_onednn(dvc: Dvc):
    (dvc.root / "sees.py").write_text("import os; seen = os.environ['TF_ENABLE_ONEDNN_OPTS']")
    edit(dvc.root, "('sees',)")
    params = dvc.root / "params.yaml"
    assert dvc.run("import sees; print(sees.seen)") == (0, "1")
    params.write_text(params.read_text().replace("onednn: true", "onednn: false"))
    assert dvc.run("import sees; print(sees.seen)") == (0, "0")


def test_code_is_that_of_the_moment(dvc: Dvc):
    module = dvc.root / "src/pipeline/changing.py"
    module.write_text("value = 1")
    work = "import pipeline.changing; print(pipeline.changing.value)"
    assert dvc.run(work) == (0, "1")
    module.write_text("value = 22")
    assert dvc.run(work) == (0, "22")


def test_a_thread_that_no_fork_takes_along(dvc: Dvc):
    program = "import threading, time; threading.Thread(target=time.sleep, args=[60]).start()"
    (dvc.root / "threaded.py").write_text(program)
    edit(dvc.root, "('threaded',)")
    assert dvc.run(SERVED) == (0, "alone")


def test_libraries_that_cannot_be_imported(dvc: Dvc):
    edit(dvc.root, "('decimal',)", "('no_such_library',)")
    assert dvc.run(SERVED) == (0, "served")
    edit(dvc.root, "('no_such_library',)")
    assert dvc.run(SERVED, OTHER="1") == (0, "alone")


def test_it_can_be_started_before_the_first_stage(root: Path):
    dvc = Dvc(root, before=EARLY)
    (socket,) = dvc.sockets()
    assert socket.name.startswith(f"waiting-{dvc.pid}-")
    (process,) = dvc.waiting()
    assert dvc.run(SERVED) == (0, "served")
    assert dvc.waiting() == [process]
    dvc.end()


def test_the_socket_is_for_one_user(dvc: Dvc):
    dvc.run("", stage="config")
    (address,) = dvc.sockets()
    assert address.stat().st_mode & 0o777 == 0o600


def test_the_first_stages_and_the_last_start_no_stage_there(dvc: Dvc):
    assert dvc.run(SERVED, stage="track") == (0, "alone")
    assert not dvc.sockets()
    assert dvc.run(SERVED, stage="prepare") == (0, "alone")
    assert dvc.run(SERVED, stage="track") == (0, "served")


def test_what_a_killed_process_left_is_removed(root: Path, dvc: Dvc):
    (root / ".dvc/tmp").mkdir(parents=True)
    left = root / ".dvc/tmp/waiting-4194305-0123456789abcdef"  # above the largest process number
    left.touch()
    dvc.run("")
    assert not left.exists()


def test_an_orphan_starts_no_process(root: Path, dvc: Dvc):
    command = f"exec {sys.executable} -m pipeline.stages train"
    variables = {"DVC_STAGE": "train", "DVC_WORK": SERVED, "PYTHONPATH": str(root / "src")}
    environment = {**os.environ, **variables}
    program = "import os, sys; os.system(sys.argv[1][5:])"
    said = subprocess.check_output([sys.executable, "-c", program, command], cwd=root,
                                   env=environment, text=True)  # fmt: skip
    assert said.strip() == "alone"
    assert not dvc.sockets()


def test_it_can_be_terminated(dvc: Dvc):
    dvc.run("")
    (waiting,) = dvc.waiting()
    os.kill(waiting, signal.SIGTERM)
    eventually(lambda: not dvc.waiting())
    (left,) = dvc.sockets()
    left.unlink()


def test_a_folder_without_sockets_changes_no_permission(tmp_path: Path):
    mask = os.umask(0o022)
    try:
        with pytest.raises(OSError):
            waiting._bind(tmp_path / "no folder" / "socket")
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(mask)
