"""SHA-256 of large files, kept between processes: what has not changed is not read again.

A file is the same while its device, inode, size, and times of change are. That includes the time
that the system sets (`st_ctime`), which no program can set back, so more changes are seen than by
DVC. Not seen is what a program writes through a mapping of the file that it opened before.

Files that are checked for damage are always read: see `files.sha256`.
"""

import json
import os
import time
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.workspace import Workspace, files

FILE = "sha256.json"  # in the folder for temporary files
# Smaller files are read as fast as found here.
LEAST_BYTES = 2**20
# A file that changed so shortly before it is read could change again with the same times: clocks of
# file systems tick in 10 ms to 2 s. Git calls this "racily clean".
SETTLED_NS = 2_100_000_000
MOST = 1000  # digests that are kept, the newest

# Size, times of change, and SHA-256.
Entry = list[object]


def sha256(path: Path, workspace: Workspace) -> str:
    """Return what `files.sha256` returns, without reading large files that it has read before."""
    store = workspace.temporary / FILE
    known = _read(store)
    found: dict[str, Entry] = {}

    def of_file(file: Path) -> str:
        before, now = file.stat(), time.time_ns()
        key, state = f"{before.st_dev}:{before.st_ino}", _state(before)
        if known.get(key, [])[:-1] == state:
            return str(known[key][-1])
        digest = files.sha256_of_file(file)
        is_settled = max(before.st_mtime_ns, before.st_ctime_ns) < now - SETTLED_NS
        if before.st_size >= LEAST_BYTES and is_settled and _state(file.stat()) == state:
            found[key] = [*state, digest]
        return digest

    digest = files.sha256(path, of_file)
    if found:
        _add(found, store)
    return digest


def _state(stat: os.stat_result) -> Entry:
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _read(store: Path) -> dict[str, Entry]:
    """Return what is known; nothing where the file is missing or damaged."""
    try:
        known = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if _is_whole(known) else {}


def _is_whole(known: object) -> bool:
    return isinstance(known, dict) and all(
        isinstance(entry, list) and len(entry) == 4 and isinstance(entry[-1], str)
        for entry in known.values()
    )


def _add(found: dict[str, Entry], store: Path) -> None:
    """Write what was found beside what other processes have written by now.

    What is lost when two write at once, or cannot be written, is read again the next time.
    """
    others = {key: entry for key, entry in _read(store).items() if key not in found}
    newest = dict(list((others | found).items())[-MOST:])
    try:
        files.write_text(store, json.dumps(newest, indent=1) + "\n")
    except (OSError, PipelineError):
        return
