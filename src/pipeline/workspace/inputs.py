"""Files and folders that a configuration names, which may be missing or written by the pipeline.

A stage removes what it writes before it reads its inputs, and DVC refuses every command while a
stage depends on its own results.
"""

import os
import shlex
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pipeline.errors import ConfigError, DataError, nearest
from pipeline.workspace import Workspace

MISSING = "no such file"

# Entries of a folder that a name is compared with.
MOST_COMPARED = 1000

# A chain of links that is longer is left to the system.
LINKS_FOLLOWED = 20


def require(key: str, name: str, workspace: Workspace) -> None:
    """Require that a file or folder can be an input.

    Raises:
        DataError: it does not exist.
        ConfigError: as `refuse_results`.
    """
    if not _exists(workspace.path(name)):
        reason = why_missing(name, workspace)
        more = _suggest(name, workspace) if reason == MISSING else ""
        raise DataError(f"{key}={name}: {reason}{more}")
    refuse_results(key, name, workspace)


def refuse_results(key: str, name: str, workspace: Workspace) -> None:
    """Refuse what the pipeline itself writes.

    Raises:
        ConfigError: the path is a result of the pipeline, is in one, or holds one.
    """
    written = [*workspace.results, *Workspace(workspace.home).results]
    written += [result.resolve() for result in written]
    for place in _places(workspace.path(name)):
        for result in written:
            if place.is_relative_to(result):
                raise ConfigError(_explain_result(key, name, place, workspace))
            if result.is_relative_to(place):
                raise ConfigError(
                    f"{key}={name} is a folder with results of the pipeline ({result}); move what"
                    f" is to be read to a folder of its own and give that folder as {key}"
                )


def _suggest(name: str, workspace: Workspace) -> str:
    """Return what may be meant by a path of nothing."""
    if name.startswith("~"):
        return "; shells replace ~ only at the beginning of a word: write $HOME in its place"
    path = workspace.path(name)
    folder = path.parent
    while not folder.is_dir():
        path, folder = folder, folder.parent
    present = [entry.name for entry in islice(folder.iterdir(), MOST_COMPARED)]
    return f"; {folder} has no {path.name!r}{nearest(path.name, present)}; fix the path"


def why_missing(name: str, workspace: Workspace) -> str:
    """Return why a file or folder does not exist, and what to do if it was left behind.

    The temporary copy of `dvc exp run --temp` has the files that Git knows.
    """
    original = Workspace(workspace.home).path(name)
    if workspace.root == workspace.home or not _exists(original):
        return MISSING
    if not original.is_relative_to(workspace.home):
        return f"this experiment runs in another folder; give the absolute path, {original}"
    relative = shlex.quote(str(original.relative_to(workspace.home)))
    return (
        "Git does not know it, so it is not in the temporary copy in which this experiment runs;"
        f" add --copy-paths {relative} to the command, or first git add {relative}"
    )


def _explain_result(key: str, name: str, place: Path, workspace: Workspace) -> str:
    """Return the message about a result, with a command that copies it to a free name.

    Of a model, the whole folder is copied: its files belong together.
    """
    original, rest = place, Path()
    if place.parent.is_relative_to(workspace.artifacts) and place.parent != workspace.artifacts:
        form = workspace.artifacts / place.relative_to(workspace.artifacts).parts[0]
        original, rest = form, place.relative_to(form)
    numbers = (f"{original.stem}-{number}{original.suffix}" for number in range(1, 1000))
    copy = next(free for free in numbers if not os.path.lexists(workspace.path(free)))
    command = shlex.join(["cp", "-rL", workspace.relative(original), copy])
    return (
        f"{key}={name} is written by the pipeline itself, so that a run removes or changes it; copy"
        f" it and name the copy: {command}; {key}={Path(copy) / rest}"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # for example, the name is too long
        return False


def _places(path: Path) -> Iterator[Path]:
    """Yield a path and all that it leads to: DVC may keep a result as a link to its cache."""
    for _ in range(LINKS_FOLLOWED):
        yield path
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
    yield path.resolve()
