"""Hostile and broken files are refused before TensorFlow starts, quickly, in little memory."""

import json
import subprocess
import sys
from typing import Any

import pytest

from .hostile import cases

pytestmark = pytest.mark.slow  # make check leaves it to make test

CASES = {name: (said, make) for name, said, make in cases()}

# Each file has a process of its own, a fork of one that has only imported what examines it.
PROGRAM = """
import json, os, sys, time
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.graphdef.examine import examine
from pipeline.graphdef.locate import locate

def megabytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

for path in sys.stdin.read().splitlines():
    if os.fork():
        os.wait()
        continue
    start, said = time.process_time(), None
    try:
        examine(locate(Path(path)))
    except ArtifactError as error:
        said = str(error)
    seconds, started = time.process_time() - start, "tensorflow" in sys.modules
    print(json.dumps([path, said, seconds, megabytes(), started]), flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    names = {}
    for name, (_, make) in CASES.items():
        names[str(make(tmp_path_factory.mktemp("model")))] = name
    program = [sys.executable, "-c", PROGRAM]
    ran = subprocess.run(
        program, input="\n".join(names), capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    return {names[path]: found for path, *found in map(json.loads, ran.stdout.splitlines())}


def test_there_are_enough():
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_in_time(name: str, examined: dict[str, list[Any]]):
    said, seconds, megabytes, has_started = examined[name]
    assert said, "it is accepted"
    assert CASES[name][0] in said
    assert "\n" not in said
    assert seconds < 2
    assert megabytes < 500
    assert not has_started
