"""DVC's state, and the parameters."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from pipeline import files
from pipeline.doctor import work
from pipeline.doctor.finding import Finding, Level, fail, ok, warn
from pipeline.doctor.rwlock import Entries, guarded
from pipeline.doctor.space import room, why_not_writable
from pipeline.doctor.work import RWLOCK
from pipeline.errors import BusyError, ConfigError, PipelineError, listing, one_line
from pipeline.parameters import load

LOCK = "dvc.lock"

# What DVC leaves there, so that a look at it costs no import.
BETWEEN_RUNS = (b"{}", b'{"write": {}, "read": {}}', b'{"read": {}, "write": {}}')


def dvc() -> Iterator[Finding]:
    """Check that DVC opens the repository, reads its files and can write its cache."""
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo

    root = files.root()
    if not (root / ".dvc").is_dir():
        above = next((folder for folder in root.parents if (folder / ".dvc").is_dir()), None)
        remedy = f"cd {above}" if above else "go to the repository's root, or dvc init"
        yield fail("dvc", "this folder is no root of a DVC repository", remedy)
        return
    if _is_cut(root / LOCK):
        text = f"{LOCK} is empty, as a kill leaves it, and DVC refuses to work"
        yield fail("dvc", text, f"rm {LOCK} when nobody works here; DVC makes it again", _drop)
        return
    try:
        with Repo(str(root)) as repo:
            cache = Path(repo.cache.repo.path)
            stages = len(repo.index.stages)
    except NotDvcRepoError as error:
        yield fail("dvc", one_line(error), "dvc init")
        return
    except DvcException as error:
        remedy = "mend the file, or take the committed one: git restore FILE"
        yield fail("dvc", one_line(error), remedy)
        return
    if reason := why_not_writable(cache):
        remedy = "free it, or dvc cache dir --local ANOTHER"
        yield fail("dvc", f"the cache {cache} cannot be written: {reason}", remedy)
    else:
        yield ok("dvc", f"{stages} stages; the cache {cache} can be written")
        yield from room("cache", cache)


def locks() -> Iterator[Finding]:
    """Check DVC's list of readers and writers for those that are gone."""
    try:
        entries = Entries.settled(files.root() / RWLOCK)
    except FileNotFoundError:
        yield ok("locks", f"there is no {RWLOCK}")
        return
    except BusyError as error:
        yield warn("locks", one_line(error))
        return
    except PipelineError as error:
        yield fail("locks", one_line(error), f"rm {RWLOCK} when nobody works here", _remove)
        return
    gone = entries.gone()
    blocking = sorted(entry.pid for entry in gone if psutil.pid_exists(entry.pid))
    if blocking:
        text = f"{RWLOCK}: pid {listing(blocking)} is another process by now; DVC waits for it"
        yield fail("locks", text, f"rm {RWLOCK} when nobody works here", _forget)
    elif gone:
        text = f"{RWLOCK} names processes that are gone: pid {listing(e.pid for e in gone)}"
        yield warn("locks", text, "DVC drops them itself", _forget)
    else:
        yield ok("locks", f"{RWLOCK} names {len(entries.all) or 'no'} processes")


def free() -> None:
    """Mend what would make DVC refuse a run; says so, unless somebody works here."""
    if _is_cut(files.root() / LOCK):
        with suppress(BusyError):
            print(_drop())
    path = files.root() / RWLOCK
    if not path.exists() or path.read_bytes() in BETWEEN_RUNS:
        return
    for finding in locks():
        if finding.level is Level.FAIL and finding.fix:
            with suppress(BusyError):
                print(finding.fix())


def _is_cut(lock: Path) -> bool:
    """Tell whether a kill met DVC while it wrote its lock file, which it empties before."""
    return lock.is_file() and not lock.read_bytes().strip()


def _drop() -> str:
    with work.nobody_at_work():
        (files.root() / LOCK).unlink()
    return f"{LOCK} was empty and is removed; what is in the cache is not computed again"


def _remove() -> str:
    with work.nobody_at_work(), guarded(files.root() / RWLOCK):
        (files.root() / RWLOCK).unlink()
    return f"{RWLOCK} is removed"


def _forget() -> str:
    path = files.root() / RWLOCK
    with work.nobody_at_work(), guarded(path):
        entries = Entries.require(path)
        gone = entries.gone()
        files.write_text(path, json.dumps(entries.without(gone)))
    return f"{RWLOCK} names pid {listing(sorted(entry.pid for entry in gone))} no more"


def parameters() -> Iterator[Finding]:
    """Check params.yaml."""
    try:
        load(files.PARAMS)
    except ConfigError as error:
        yield fail("parameters", one_line(error))
    else:
        yield ok("parameters", f"{files.PARAMS} fits the schema")
