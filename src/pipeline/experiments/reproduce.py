"""Repeated runs in temporary copies of the repository, whose files must be equal.

A copy has the files that Git tracks or would track, and the data. Nothing in it can replace a run:
it has no outs, no dvc.lock, no resume state, and a DVC cache and an MLflow store of its own.
"""

import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline import config
from pipeline.config import composing
from pipeline.errors import ConfigError, ReproductionError
from pipeline.experiments.comparison import Results, compare
from pipeline.repository import dvc, git
from pipeline.repository.processes import kill_group
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace, is_remote

_log = logging.getLogger(__name__)

LAST_LINES = 30
SECONDS_BETWEEN_POLLS = 0.05


def check(
    workspace: Workspace, overrides: Sequence[str], twice: bool, targets: Sequence[str] = ()
) -> str:
    """Run in temporary copies and compare all outs; return how many files are equal.

    Args:
        overrides: compose conf/; without any, params.yaml is used as it is.
        twice: compare two new runs instead of the results in the work tree with one.
        targets: stages to reproduce with all that they depend on; by default all stages.

    Raises:
        ReproductionError: a run fails, or the results differ.
        ConfigError: a parameter is wrong, or is not that of the results in the work tree.
    """
    if overrides or not workspace.params.is_file():
        settings, params = composing.compose(workspace, overrides)
    else:
        settings, params = config.load(workspace), workspace.params.read_text(encoding="utf-8")
    if not twice:
        _require_current(workspace, params, targets)
    with tempfile.TemporaryDirectory(prefix="pipeline-reproduce-") as folder:

        def run(name: str) -> Results:
            place = name.replace(" ", "-")
            copy = _copy(workspace, Path(folder) / place, settings)
            copy.params.write_text(params, encoding="utf-8")
            environment = dvc.isolate(copy, Path(folder) / place)
            log = workspace.temporary / "reproduce" / f"{place}.log"
            _run(name, dvc.repro_command(*targets), copy.root, environment, log)
            return Results(name, copy)

        first = run("first run") if twice else Results("work tree", workspace)
        return compare(first, run("second run" if twice else "new run"), twice)


def _require_current(workspace: Workspace, params: str, targets: Sequence[str]) -> None:
    if params != workspace.params.read_text(encoding="utf-8"):
        raise ConfigError(
            "the overrides are not those of the results here; compare two new runs with --twice"
        )
    if not dvc.is_current(workspace, targets):
        raise ConfigError(
            "the results here are not those of params.yaml, data and code as they are (dvc status);"
            " run dvc repro first, or compare two new runs with --twice"
        )


def _copy(workspace: Workspace, folder: Path, settings: Settings) -> Workspace:
    """Copy a work tree into a folder.

    The copy's path in the folder is the path of the work tree in the file system, so that relative
    paths that lead out of it, such as `../data.csv`, do not leave the folder.
    """
    root = folder / workspace.root.relative_to(workspace.root.anchor)
    listed = git.ask(workspace.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is None:
        remedy = git.find_remedy(workspace.root) or "run in a clone of the repository"
        raise ReproductionError(f"Git cannot list the files of this folder; {remedy}")
    data = [
        name
        for name in (settings.data.path, *settings.inputs)
        if not Path(name).is_absolute() and not is_remote(name)
    ]
    for name in [*listed.split("\0")[:-1], *data]:
        source, target = workspace.path(name), Path(os.path.normpath(root / name))
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.is_file():
            shutil.copy2(source, target)
    return Workspace(root)


def _run(
    name: str, command: Sequence[str], root: Path, environment: dict[str, str], log: Path
) -> None:
    """Run a command with its output in a log; an interruption ends it with its stages."""
    log.parent.mkdir(parents=True, exist_ok=True)
    _log.info("%s: started, see %s", name, log)
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        try:
            while process.poll() is None:
                time.sleep(SECONDS_BETWEEN_POLLS)  # a wait without end can miss an interruption
        except BaseException:
            kill_group(process)
            raise
    if process.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        _log.warning("the last lines of the %s:\n%s", name, "\n".join(lines[-LAST_LINES:]))
        raise ReproductionError(f"the {name} failed; see {log}")
    _log.info("%s: finished in %.0f s", name, time.monotonic() - started)
