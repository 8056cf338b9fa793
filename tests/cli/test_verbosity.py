"""`--quiet` and `--verbose` change what a verb and its stages print, in real processes."""

import logging
import os
import shutil
import subprocess
import sys

import pytest

from pipeline.reporting import console
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY

pytestmark = pytest.mark.slow

# Stands for DVC: `dvc repro` runs a stage with the environment that it inherits.
STAND_IN = """
import json, os, subprocess, sys
from pathlib import Path
print("dvc", *sys.argv[1:], os.environ.get("PIPELINE_VERBOSITY"), flush=True)
Path("reports").mkdir(exist_ok=True)
Path("reports/metrics.json").write_text(json.dumps({"task": "regression", "model": {"mse": 1}}))
sys.exit(subprocess.call([sys.executable, "-m", "pipeline.stages", "config"]))
"""

RUNNING = f"running {sys.executable} -m dvc repro"
STARTED = "stage config: started in "


@pytest.fixture
def home(folder):
    (folder / "dvc").mkdir()
    (folder / "dvc/__init__.py").touch()
    (folder / "dvc/__main__.py").write_text(STAND_IN)
    (folder / "data").symlink_to(REPOSITORY / "data")
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    return folder


def pipeline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k != "PIPELINE_VERBOSITY"}
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        env={**kept, "PYTHONPATH": str(REPOSITORY / "src"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_stage_is_as_verbose_as_the_verb(home):
    lines = [
        pipeline(*arguments).stdout.splitlines()
        for arguments in (["run"], ["run", "--verbose"], ["--verbose", "run"])
    ]
    assert lines[0] == ["dvc repro None"]
    assert lines[1][:2] == [RUNNING, "dvc repro verbose"]  # in this order
    (started,) = lines[1][2:]
    assert started.startswith(f"{STARTED}{home}: ")  # and why in its own process
    assert lines[1] == lines[2]


def test_a_quiet_sweep_prints_its_table_alone(home):
    usual, quiet = pipeline("sweep", "seed=1,2"), pipeline("sweep", "seed=1,2", "--quiet")
    progress = ["[1/2] seed=1: mse 1", "[2/2] seed=2: mse 1"]
    assert usual.stdout.splitlines()[:2] == progress
    assert quiet.stdout.splitlines() == usual.stdout.splitlines()[2:]
    assert usual.stderr == quiet.stderr == ""
    assert "dvc repro quiet" in (home / ".dvc/tmp/sweep/1.log").read_text()


def test_warnings_are_printed_when_quiet_and_errors_are_as_always(home):
    (home / "dvc/__main__.py").write_text("raise SystemExit(1)")
    done = pipeline("--quiet", "sweep", "seed=1")
    assert done.stderr == "warning: [1/1] one run: failed; see .dvc/tmp/sweep/1.log\n"
    assert (done.stdout, done.returncode) == ("", 1)
    done = pipeline("--quiet", "run", "model=mpl")
    assert done.stderr.startswith("pipeline: ")
    assert (done.stdout, done.returncode) == ("", 2)


def test_the_variable_counts_where_no_option_is_given(home):
    assert "dvc repro quiet" in pipeline("run", PIPELINE_VERBOSITY="quiet").stdout
    done = pipeline("run", PIPELINE_VERBOSITY="loud")
    assert done.returncode == 2
    assert done.stderr.startswith("pipeline: PIPELINE_VERBOSITY=loud: choose one of quiet, ")


def test_both_options_at_once_are_wrong_usage(home):
    assert pipeline("run", "--quiet", "--verbose").returncode == 2


def test_messages_are_relative_and_the_logger_is_as_before(folder, capsys, caplog):
    log = logging.getLogger("pipeline.a_room")
    with console.show_messages(Workspace(folder), "normal"):
        log.debug("not shown")
        log.info("%s is written", folder / "reports/a.csv")
        log.warning("%s is damaged", folder / "reports/b.csv")
    said = capsys.readouterr()
    assert said.out == "reports/a.csv is written\n"
    assert said.err == "warning: reports/b.csv is damaged\n"
    log.warning("again")
    assert caplog.messages == ["again"]
    assert capsys.readouterr().err == ""
