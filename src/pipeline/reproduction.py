"""Does the pipeline give the same files again? It runs in temporary copies of the repository.

A copy has the files that Git tracks or would track, and the data. It shares nothing that could
answer in place of a run: not the outs, DVC's cache, dvc.lock, resume state or the MLflow store.
"""

import filecmp
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from pipeline import composition, files, parameters
from pipeline.errors import ConfigError, ReproductionError
from pipeline.settings import Settings

LOGS = Path(".dvc/tmp/reproduce")
LOCK = Path("dvc.lock")

MOST_LINES_SHOWN = 30
SECONDS_TO_END = 10
SECONDS_TO_LOOK = 0.05

# Nothing of DVC or MLflow outside the copy is read or written.
LOCAL_CONFIG = """[core]
    no_scm = true
    site_cache_dir = {0}/site
[cache]
    dir = {0}/cache
"""


@dataclass(frozen=True)
class Side:
    """Results to compare: what they are called, and the root that they lie under."""

    name: str
    root: Path


def check(
    overrides: Sequence[str], twice: bool, command: Sequence[str], environment: Mapping[str, str]
) -> str:
    """Run in temporary copies and compare all outs.

    Args:
        overrides: compose conf/; without any, params.yaml is taken as it is.
        twice: compare two new runs, and not the results in the work tree with one.
        command, environment: what reproduces the pipeline for a params.yaml that is composed.

    Returns:
        A sentence that says what is equal.

    Raises:
        ReproductionError: a run fails, or the results differ; the message says where first.
        ConfigError: a parameter is wrong, or is not that of the results in the work tree.
    """
    settings, text = _chosen(overrides)
    if not twice and text != files.PARAMS.read_text(encoding="utf-8"):
        raise ConfigError(
            "the overrides are not those of the results here; compare two new runs with --twice"
        )
    if not twice:
        _require_current(command, environment)
    with tempfile.TemporaryDirectory(prefix="pipeline-reproduce-") as home:

        def run(name: str) -> Side:
            root = _copied(Path(home) / name.replace(" ", "-"), settings)
            (root / files.PARAMS).write_text(text, encoding="utf-8")
            _execute(Side(name, root), command, environment)
            return Side(name, root)

        one = run("first run") if twice else Side("work tree", Path.cwd())
        return compared(one, run("second run" if twice else "new run"), twice)


def _chosen(overrides: Sequence[str]) -> tuple[Settings, str]:
    if overrides or not files.PARAMS.is_file():
        return composition.composed(overrides)
    return parameters.load(files.PARAMS), files.PARAMS.read_text(encoding="utf-8")


def _require_current(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Refuse results that are not those of params.yaml, data and code as they are."""
    place = list(command).index("repro")
    status = [*command[:place], "status", "-q", *command[place + 1 :]]
    if subprocess.run(status, env=environment, capture_output=True, check=False).returncode:
        raise ConfigError(
            "the results here are not those of params.yaml, data and code as they are (dvc status);"
            " run dvc repro first, or compare two new runs with --twice"
        )


def _copied(to: Path, settings: Settings) -> Path:
    """Copy the work tree below `to`; returns the copy's root.

    The copy lies there as the repository lies in the file system, so that relative paths that lead
    out of it, such as `../data.csv`, do not leave `to`.
    """
    here = Path.cwd()
    root = to / here.relative_to(here.anchor)
    named = [
        path for path in (settings.data.path, *settings.inputs) if not Path(path).is_absolute()
    ]
    for name in [*_of_git(), *named]:
        target = Path(os.path.normpath(root / name))
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(name).is_dir():
            shutil.copytree(name, target, dirs_exist_ok=True)
        elif Path(name).is_file():
            shutil.copy2(name, target)
    (root / LOCK).unlink(missing_ok=True)
    (root / ".dvc/config.local").write_text(LOCAL_CONFIG.format(to), encoding="utf-8")
    return root


def _of_git() -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise ReproductionError(
            "Git cannot list the files of this folder; run in a clone of the repository"
        ) from None
    return listed.split("\0")[:-1]


def _execute(side: Side, command: Sequence[str], environment: Mapping[str, str]) -> None:
    log = LOGS / f"{side.name.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    own = {k: v for k, v in environment.items() if not k.startswith(("DVC_", "MLFLOW_"))}
    print(f"{side.name}: …", end="", flush=True)
    began = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=side.root, env=own, stdout=output, stderr=output, start_new_session=True
        )
        try:
            while (code := process.poll()) is None:
                time.sleep(SECONDS_TO_LOOK)  # a wait without end can miss an interruption
        except BaseException:
            _end(process)
            raise
    print(f" {time.monotonic() - began:.0f} s")
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        print(*lines[-MOST_LINES_SHOWN:], sep="\n")
        raise ReproductionError(f"the {side.name} failed; {log} has all that it said")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a run with its stages, and wait until they write no more."""
    deadline = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < deadline and _is_alive(process.pid):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(SECONDS_TO_LOOK)
    process.poll()


def _is_alive(group: int) -> bool:
    """Tell whether a process of the group runs; one that has ended may be listed for long."""
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError):
            ended = process.info["status"] == psutil.STATUS_ZOMBIE
            if not ended and os.getpgid(process.pid) == group:
                return True
    return False


def compared(one: Side, other: Side, twice: bool) -> str:
    """Compare all outs that `other` has or should have; the first that differs is described."""
    outs = [*_outs(other.root), ("", LOCK)]
    if not twice:  # these name the code, which may have changed without changing a result
        outs = [(stage, out) for stage, out in outs if out not in (files.TRACKED, LOCK)]
    count, size, differing = 0, 0, []
    for stage, out in outs:
        for file in sorted(_files(one.root / out, other.root / out)):
            count += 1
            pair = one.root / out / file, other.root / out / file
            if all(map(Path.is_file, pair)) and filecmp.cmp(*pair, shallow=False):
                size += pair[0].stat().st_size
            else:
                differing.append((stage, out, file))
    if differing:
        more = f"; {len(differing) - 1} more of {count} files differ" if differing[1:] else ""
        raise ReproductionError(f"not reproducible: {_described(one, other, *differing[0])}{more}")
    where = "two runs" if twice else f"the {one.name} and the {other.name}"
    return f"reproducible: {count} files, {size:,} bytes are equal in {where}"


def _outs(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield stages and their outs, in the order in which they ran."""
    stages = yaml.safe_load((root / LOCK).read_text(encoding="utf-8"))["stages"]
    for stage, entry in stages.items():
        for out in entry.get("outs", []):
            yield stage, Path(out["path"])


def _files(one: Path, other: Path) -> set[Path]:
    """Return the files of an out, relative to it; the empty path where it is no folder."""
    if not (one.is_dir() and other.is_dir()):
        return {Path()}
    return {file.relative_to(o) for o in (one, other) for file in o.rglob("*") if file.is_file()}


def _described(one: Side, other: Side, stage: str, out: Path, file: Path) -> str:
    where = f"stage {stage}, out {out}" if stage else f"{out}"
    if file.name:
        where += f", file {file}"
    for side in (one, other):
        if not (side.root / out / file).exists():
            return f"{where} is missing in the {side.name}"
    from pipeline.artifacts import difference  # TensorFlow, needed only here

    found = difference.first(one.root / out / file, other.root / out / file)
    return f"{where}, {found} ({one.name} and {other.name})"
