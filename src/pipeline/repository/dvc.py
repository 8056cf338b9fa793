"""DVC: its commands, its variables, and what it keeps in a repository.

`rwlock` reads its list of readers and writers; no other module knows DVC's internals.
"""

import hashlib
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import yaml

from pipeline.errors import PipelineError, one_line
from pipeline.workspace import Workspace, is_experiment

_log = logging.getLogger(__name__)

# Tells stage `config` that params.yaml is composed already.
COMPOSED = "PIPELINE_PARAMS_COMPOSED"

# `dvc exp run` keeps this Git reference while it runs.
EXPERIMENT_REFERENCE = "refs/exps/exec/EXEC_BASELINE"

# DVC gives this variable to the stages that it runs.
STAGE_VARIABLE = "DVC_STAGE"

# A repository with this configuration neither reads nor writes anything of DVC outside a folder.
ISOLATED = """[core]
    no_scm = true
    site_cache_dir = {0}/site
[cache]
    dir = {0}/cache
"""


def read_repository(root: Path) -> tuple[int, Path]:
    """Open a repository as each DVC command does; return the number of stages and the cache.

    Raises:
        PipelineError: DVC cannot read a file in it.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            return len(repo.index.stages), Path(repo.cache.repo.path)
    except DvcException as error:
        raise PipelineError(one_line(error)) from None


def restore_missing_outs(stage: str, workspace: Workspace) -> None:
    """Check the missing outs of a stage out of the cache, as dvc.lock has them.

    DVC removes outs before it runs a stage; a stage that fails calls this.
    """
    try:
        from dvc.repo import Repo

        with Repo(str(workspace.root)) as repo:
            for out in repo.stage.load_one(name=stage).outs:
                # In a new clone the cache has none of them. Nothing is lost, so nothing is said.
                with suppress(FileNotFoundError):
                    if not out.exists and out.hash_info:
                        out.checkout(force=True, allow_missing=True, quiet=True)
    except Exception as error:  # any: the reason why the stage failed must still be printed
        _log.warning("the earlier outs are not restored: %s; run `dvc checkout`", error)


def outs(workspace: Workspace) -> Iterator[tuple[str, Path]]:
    """Yield stages and their outs from dvc.lock, in the order in which the stages ran."""
    stages = yaml.safe_load(workspace.dvc_lock.read_text(encoding="utf-8"))["stages"]
    for stage, entry in stages.items():
        for out in entry.get("outs", []):
            yield stage, Path(out["path"])


def is_as_written(out: Path, lock: Path) -> bool:
    """Tell whether a file has the MD5 that dvc.lock has of it; also where dvc.lock has none."""
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    found = re.search(rf"- path: {re.escape(out.name)}\n +hash: md5\n +md5: (\w+)", text)
    digest = hashlib.md5(out.read_bytes(), usedforsecurity=False).hexdigest()
    return found is None or found[1] == digest


def is_cut(lock: Path) -> bool:
    """Tell whether dvc.lock is empty, as after a kill while DVC rewrote it."""
    return lock.is_file() and not lock.read_bytes().strip()


def repro_command(*targets: str) -> list[str]:
    """Return the command that reproduces targets, by default all stages."""
    return [sys.executable, "-m", "dvc", "repro", *targets]


def composed_environment() -> dict[str, str]:
    """Return the environment of a `dvc repro` that keeps params.yaml as it is."""
    # Stages run `python`: this makes it the current one even if its environment is not activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, COMPOSED: "1"}


def expect_stages() -> None:
    """Let libraries that stages share be imported while this process becomes `dvc repro`."""
    command = [sys.executable, "-m", "pipeline.repository.waiting", str(os.getpid())]
    environment = {**composed_environment(), STAGE_VARIABLE: "none yet"}
    subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)


def become_repro() -> NoReturn:
    """Replace this process by `dvc repro`.

    Then a kill ends the process that holds DVC's locks, and the exit code is DVC's own.
    """
    command = repro_command()
    _log.debug("running %s", " ".join(command))
    sys.stdout.flush()
    # A list of arguments, without a shell.
    os.execve(sys.executable, command, composed_environment())  # noqa: S606


def is_composed() -> bool:
    """Tell whether `pipeline run` or `dvc exp run` composed params.yaml before this stage."""
    return is_experiment() or bool(os.environ.get(COMPOSED))


def is_current(workspace: Workspace, targets: Sequence[str] = ()) -> bool:
    """Tell whether the outs are those of params.yaml, data and code as they are."""
    command = [sys.executable, "-m", "dvc", "status", "-q", *targets]
    done = subprocess.run(
        command, cwd=workspace.root, env=composed_environment(), capture_output=True, check=False
    )
    return done.returncode == 0


def isolate(copy: Workspace, folder: Path) -> dict[str, str]:
    """Let a copy of a repository use DVC's files in a folder alone, and forget earlier results.

    Returns:
        `composed_environment` without what leads to stores of DVC or MLflow elsewhere.
    """
    copy.dvc_lock.unlink(missing_ok=True)
    (copy.root / ".dvc/config.local").write_text(ISOLATED.format(folder), encoding="utf-8")
    elsewhere, environment = ("DVC_", "MLFLOW_"), composed_environment()
    return {key: value for key, value in environment.items() if not key.startswith(elsewhere)}
