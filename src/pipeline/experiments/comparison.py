"""The comparison of the outs of two runs, file by file."""

import filecmp
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ReproductionError
from pipeline.repository import dvc
from pipeline.workspace import Workspace


@dataclass(frozen=True)
class Results:
    """Results to compare: the name of their run, and the workspace that has them."""

    name: str
    workspace: Workspace


@dataclass(frozen=True)
class _File:
    """A file of an out; `path` is relative to the out, and empty if the out is a file itself."""

    stage: str
    out: Path
    path: Path

    def of(self, results: Results) -> Path:
        return results.workspace.root / self.out / self.path


def compare(first: Results, second: Results, twice: bool) -> str:
    """Compare all outs that `second` has or should have; return how many files are equal.

    Args:
        twice: both are new runs of the same code, so dvc.lock and the name of the execution, which
            depend on the code, must be equal, too.

    Raises:
        ReproductionError: files differ; the message describes the first difference.
    """
    compared, size, differing = 0, 0, []
    for file in _list_files(first, second, twice):
        compared += 1
        one, other = file.of(first), file.of(second)
        if one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False):
            size += one.stat().st_size
        else:
            differing.append(file)
    if differing:
        more = f"; {len(differing) - 1} more of {compared} files differ" if differing[1:] else ""
        difference = _describe(differing[0], first, second)
        remedy = "dvc repro -f makes the results here again, --twice compares two new runs"
        if twice:
            remedy = "choose device=cpu, or give your own code's random numbers a seed"
        raise ReproductionError(f"not reproducible: {difference}{more}; {remedy}")
    where = "two runs" if twice else f"the {first.name} and the {second.name}"
    return f"reproducible: {compared} files, {size:,} bytes are equal in {where}"


def _list_files(first: Results, second: Results, twice: bool) -> Iterator[_File]:
    lock, tracked = (Path(p.name) for p in (second.workspace.dvc_lock, second.workspace.tracked))
    for stage, out in [*dvc.outs(second.workspace), ("", lock)]:
        if not twice and out in (lock, tracked):
            continue
        folders = first.workspace.root / out, second.workspace.root / out
        if all(folder.is_dir() for folder in folders):
            found = {f.relative_to(o) for o in folders for f in o.rglob("*") if f.is_file()}
            yield from (_File(stage, out, path) for path in sorted(found))
        else:
            yield _File(stage, out, Path())


def _describe(file: _File, first: Results, second: Results) -> str:
    name = f"stage {file.stage}, out {file.out}" if file.stage else f"{file.out}"
    name += f", file {file.path}" if file.path.name else ""
    for results in (first, second):
        if not file.of(results).exists():
            return f"{name} is missing in the {results.name}"
    import pipeline.graph  # noqa: F401 - imports TensorFlow without its messages
    from pipeline.inspection import difference

    found = difference.describe(file.of(first), file.of(second))
    return f"{name}, {found} ({first.name} and {second.name})"
