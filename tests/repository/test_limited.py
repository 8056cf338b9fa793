"""A child process with limits answers, or it is told why it did not."""

import os
import subprocess
import sys
import time

import pytest

from pipeline.repository import limited
from pipeline.repository.limited import EndedEarlyError, Limits

pytestmark = pytest.mark.slow  # make check leaves it to make test

WORKERS = {
    "echoes": "def work(text):\n    print('noise')\n    return text.upper()",
    "sleeps": "import time\ndef work(text):\n    time.sleep(60)",
    "fills": "def work(text):\n    return str(len(bytearray(2 * 2**30)))",
    "aborts": (
        "import os\ndef work(text):\n    os.write(2, b'Check failed: rank == 4\\n')\n    os.abort()"
    ),
    "fails": "def work(text):\n    raise ValueError('a bug')",
    "refuses": (
        "from pipeline.errors import ArtifactError\n"
        "def work(text):\n    raise ArtifactError('the file is damaged')"
    ),
}
END = (
    "\n\nif __name__ == '__main__':\n"
    "    from pipeline.repository import limited\n    limited.answer(work)\n"
)


@pytest.fixture
def ask(tmp_path, monkeypatch):
    for name, text in WORKERS.items():
        (tmp_path / f"{name}.py").write_text(text + END)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    return lambda name, **limits: limited.run(name, "a question", Limits(**limits))


def test_answers_without_what_others_print(ask):
    assert ask("echoes") == "A QUESTION"


def test_time_ends(ask):
    start = time.monotonic()
    with pytest.raises(EndedEarlyError, match=r"more than 1 seconds; .*--timeout"):
        ask("sleeps", seconds=1)
    assert time.monotonic() - start < 10


def test_memory_ends(ask):
    with pytest.raises(EndedEarlyError, match=r"more than 1 GB of memory; .*--memory"):
        ask("fills", gib=1)
    assert ask("fills", gib=4) == str(2 * 2**30)


def test_abort_is_told(ask):
    with pytest.raises(EndedEarlyError, match=r"SIGABRT.*Check failed: rank == 4"):
        ask("aborts")


def test_bug_is_told(ask):
    with pytest.raises(EndedEarlyError, match="a bug"):
        ask("fails")


def test_error_is_an_answer(ask):
    assert '"error": "the file is damaged"' in ask("refuses")
    assert '"exit_code": 6' in ask("refuses")


def test_child_ends_with_its_parent(tmp_path, ask):
    code = "from pipeline.repository import limited as l; l.run('sleeps', '', l.Limits(90))"
    parent = subprocess.Popen([sys.executable, "-c", code])
    children = []
    deadline = time.monotonic() + 20
    while not children and time.monotonic() < deadline:
        time.sleep(0.2)
        found = subprocess.run(["pgrep", "-P", str(parent.pid)], capture_output=True, text=True)
        children = [int(pid) for pid in found.stdout.split()]
    time.sleep(1)  # the child asks the kernel when it has started
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{children[0]}") and time.monotonic() < deadline:  # noqa: PTH110
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{children[0]}")  # noqa: PTH110
