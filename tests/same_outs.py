"""Show that every out of the experiments keeps its bytes between two commits.

`python -m tests.same_outs BASE [COMMIT]` runs each preset of conf/experiment in a clean clone of
each commit, with the code of that commit, and names every file that differs or is missing.
"""

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]

# Names the commit that was run, and so differs.
LEFT_OUT = ".tracked.json"

LINES_SHOWN = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the outs of two commits; returns 1 if any differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.same_outs", description=__doc__)
    parser.add_argument("base", help="commit to compare with")
    parser.add_argument("commit", nargs="?", default="HEAD", help="HEAD, if not given")
    parser.add_argument("--only", action="append", metavar="NAME", help="experiment; repeatable")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep outs here; what it has is not run again"
    )
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="same-outs-") as scratch:
        commits = [_full_hash(name) for name in (given.base, given.commit)]
        # Without a folder to keep outs in, a commit can be compared with itself: it runs twice.
        folders = [given.keep or Path(scratch) / side for side in ("base", "commit")]
        found = [
            _outs(commit, folder.resolve() / commit, given.only)
            for commit, folder in zip(commits, folders, strict=True)
        ]
        differing, count = _compared(*found)
    for line in differing:
        print(line)
    print(f"{len(differing)} of {count} files differ")
    return 1 if differing or not count else 0


def _full_hash(name: str) -> str:
    command = ["git", "rev-parse", "--verify", f"{name}^{{commit}}"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False, text=True)
    if done.returncode:
        raise SystemExit(f"{name} is not a commit: {done.stderr.strip()}")
    return done.stdout.strip()


def _outs(commit: str, folder: Path, only: Sequence[str] | None) -> dict[str, Path]:
    """Return folders with the outs of a commit by experiment; runs those that are not there."""
    command = ["git", "ls-tree", "--name-only", commit, "conf/experiment/"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, text=True)
    names = [Path(line).stem for line in listed.stdout.splitlines()]
    if unknown := sorted(set(only or ()) - set(names)):
        raise SystemExit(f"{commit[:7]} has no experiment {', '.join(unknown)}")
    found = {name: folder / name for name in names if not only or name in only}
    for name, kept in found.items():
        if not kept.is_dir():
            print(f"{commit[:7]} experiment={name}: …", flush=True)
            with tempfile.TemporaryDirectory(prefix="same-outs-") as clone:
                _run(commit, name, Path(clone))
                _keep(Path(clone), kept)
    return found


def _run(commit: str, experiment: str, clone: Path) -> None:
    for command in (
        ["git", "clone", "-q", "--no-checkout", str(REPOSITORY), str(clone)],
        ["git", "-C", str(clone), "checkout", "-q", "--detach", commit],
    ):
        subprocess.run(command, check=True)
    (clone / ".dvc/config.local").write_text(
        f"[core]\n    site_cache_dir = {clone}/.dvc/site\n[cache]\n    dir = {clone}/.dvc/cache\n",
        encoding="utf-8",
    )
    # The stages run `python`, which is to be this one, with the code of the clone.
    own = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "MLFLOW_"))}
    own["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), own["PATH"]])
    own["PYTHONPATH"] = str(clone / "src")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "run", f"experiment={experiment}"],
        cwd=clone,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(*done.stdout.splitlines()[-LINES_SHOWN:], sep="\n")
        raise SystemExit(f"experiment={experiment} fails in {commit[:7]}")


def _keep(clone: Path, kept: Path) -> None:
    """Copy all outs that dvc.lock names; the folder is there only when it is whole."""
    partial = kept.with_name(f".{kept.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    stages = yaml.safe_load((clone / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    for out in (out["path"] for stage in stages.values() for out in stage.get("outs", [])):
        if out != LEFT_OUT:
            (partial / out).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (clone / out).is_dir() else shutil.copy2
            copy(clone / out, partial / out)
    partial.rename(kept)


def _compared(one: dict[str, Path], other: dict[str, Path]) -> tuple[list[str], int]:
    """Return what differs, a line each, and how many files there are."""
    differing, count = [], 0
    for name in sorted(one.keys() | other.keys()):
        sides = [_files(side[name]) if name in side else {} for side in (one, other)]
        for file in sorted(sides[0].keys() | sides[1].keys()):
            count += 1
            paths = [side.get(file) for side in sides]
            if None in paths:
                differing.append(f"{name}: {file} is missing in {'BASE' if paths[1] else 'COMMIT'}")
            elif not filecmp.cmp(paths[0], paths[1], shallow=False):
                differing.append(f"{name}: {file} differs")
    return differing, count


def _files(folder: Path) -> dict[str, Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}


if __name__ == "__main__":
    raise SystemExit(main())
