"""DVC's list of readers and writers, which names processes that were killed."""

import json
from collections.abc import Iterator
from functools import partial

import psutil

from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.errors import BusyError, PipelineError, listing, one_line
from pipeline.repository import processes
from pipeline.repository.rwlock import RWLOCK, Entries, guarded
from pipeline.workspace import Workspace, files

REMEDY = f"rm {RWLOCK} while nothing is running"


def locks(workspace: Workspace) -> Iterator[Finding]:
    """Check the list for processes that have ended."""
    try:
        entries = Entries.settled(workspace.home / RWLOCK)
    except FileNotFoundError:
        yield ok("locks", f"{RWLOCK} does not exist")
        return
    except BusyError as error:
        yield warn("locks", one_line(error))
        return
    except PipelineError as error:
        yield fail("locks", one_line(error), REMEDY, partial(_remove, workspace))
        return
    gone = entries.gone()
    if blocking := [pid for pid in gone if psutil.pid_exists(pid)]:
        text = f"{RWLOCK}: pid {listing(blocking)} is now another process; DVC waits for it"
        yield fail("locks", text, REMEDY, partial(_forget, workspace))
    elif gone:
        text = f"{RWLOCK} names processes that have ended: pid {listing(gone)}"
        yield warn("locks", text, "DVC removes them itself", partial(_forget, workspace))
    else:
        yield ok("locks", f"{RWLOCK} names {len(entries.commands()) or 'no'} processes")


def _remove(workspace: Workspace) -> str:
    path = workspace.home / RWLOCK
    with processes.nobody_at_work(workspace), guarded(path):
        path.unlink()
    return f"{RWLOCK} is removed"


def _forget(workspace: Workspace) -> str:
    path = workspace.home / RWLOCK
    with processes.nobody_at_work(workspace), guarded(path):
        entries = Entries.read(path)
        gone = entries.gone()
        files.write_text(path, json.dumps(entries.without(gone)))
    return f"{RWLOCK} no longer names pid {listing(gone)}"
