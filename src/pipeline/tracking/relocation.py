"""The paths in the store of this repository, which follow it when it is moved or copied.

MLflow stores absolute paths of artifacts. So after `mv` it would write to the earlier folder, and
after `cp -r` into the original. Only an SQLite file inside the repository is changed: a server, or
a file that several repositories use, is not this repository's.
"""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import yaml

from pipeline.errors import PipelineError, TrackingError, listing, one_line
from pipeline.tracking import address, sqlite
from pipeline.workspace import Workspace, files

_log = logging.getLogger(__name__)

# Tag of an experiment: the folder of the repository that the store's paths are in.
HOME = "pipeline.home"

# Tables and columns that can hold a path. Parameters are not among them: they say what was run.
COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("logged_model_tags", "tag_value"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("tags", "value"),
    ("trace_tags", "value"),
)
# These names stand in SQL as they are; none comes from outside.
# Rows whose files may lie at the earlier path alone, and the condition that they are complete.
FOLDERS = {"runs": "status = 'FINISHED'", "logged_models": "1"}

# Earlier versions set no tag of their own. They created their experiments like this.
_EARLIER = (
    "SELECT artifact_location FROM experiments JOIN experiment_tags USING (experiment_id)"
    " WHERE key = 'mlflow.experimentKind' AND artifact_location LIKE '%/mlartifacts'"
)


def follow(workspace: Workspace) -> None:
    """Correct the paths in the store, if it is the repository's own and they are another's.

    Raises:
        TrackingError: the paths cannot be corrected; none is changed.
    """
    if find_earlier(workspace):
        with sqlite.locked(workspace):
            follow_locked(workspace)


def follow_locked(workspace: Workspace) -> None:
    """Do as `follow`, for a caller that holds the lock of the store."""
    earlier, database = find_earlier(workspace), sqlite.own_file(workspace)
    if not earlier or database is None:
        return
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")  # until COMMIT, closing takes all back
            changed = [_move(connection, home, workspace.home) for home in earlier]
            connection.execute("COMMIT")
    except (PipelineError, OSError, sqlite3.Error) as error:
        raise TrackingError(
            f"the MLflow store {database} has the paths of {listing(earlier)}, and they cannot be"
            f" changed to those of {workspace.home}: {one_line(error)}; change the"
            " permissions of the store and of mlartifacts/"
        ) from None
    runs, models = (sum(counts) for counts in zip(*changed, strict=True))
    _log.info(
        "the MLflow store had the paths of %s; those of %d runs and %d models are now in %s",
        listing(earlier), runs, models, workspace.home,
    )  # fmt: skip


def require_place(location: str, workspace: Workspace) -> None:
    """Refuse an experiment of a shared SQLite file whose repository is no longer where it was.

    Raises:
        TrackingError: MLflow would create that folder again.
    """
    folder = _to_path(location)
    is_shared = sqlite.file(workspace) is not None and sqlite.own_file(workspace) is None
    if is_shared and folder is not None and not folder.parent.is_dir():
        raise TrackingError(
            f"the experiment in {address.printable_uri(workspace)} keeps its artifacts in {folder},"
            f" and {folder.parent} does not exist; choose another with tracking.experiment=NAME"
        )


def find_earlier(workspace: Workspace) -> list[Path]:
    """Return the other folders that paths in the store are in, the longest first.

    Raises:
        TrackingError: the store cannot be read.
    """
    database = sqlite.own_file(workspace)
    if database is None or not database.is_file():
        return []
    with sqlite.opened(database) as connection:
        if not {"experiments", "experiment_tags"} <= sqlite.tables(connection):
            return []
        tagged = connection.execute("SELECT value FROM experiment_tags WHERE key = ?", [HOME])
        found = {Path(home) for (home,) in tagged}
        for (location,) in connection.execute(_EARLIER):
            if (folder := _to_path(location)) is not None:
                found.add(folder.parent)
    return sorted(found - {workspace.home}, key=lambda home: (-len(home.parts), home))


def _move(connection: sqlite3.Connection, earlier: Path, home: Path) -> tuple[int, int]:
    """Change all paths in one earlier folder; return the numbers of runs and models with one."""
    moved, changed = _mover(earlier, home), dict.fromkeys(("runs", "logged_models"), 0)
    for table, column in COLUMNS:
        for row, before in _rows(connection, table, column):
            after = moved(before)
            if after == before or _is_left_behind(connection, table, row, (before, after)):
                continue
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [after, row])  # noqa: S608
            if table == "logged_models":
                _correct_description(after, moved)
            if table in changed:
                changed[table] += 1
    connection.execute(
        "UPDATE experiment_tags SET value = ? WHERE key = ? AND value = ?",
        [str(home), HOME, str(earlier)],
    )
    return changed["runs"], changed["logged_models"]


def _rows(connection: sqlite3.Connection, table: str, column: str) -> list[tuple[int, str]]:
    """Return numbers and values of the rows with a path; none where MLflow has no such column."""
    columns = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
    if column not in columns:
        return []
    is_path = f"{column} LIKE '/%' OR {column} LIKE 'file:%'"
    query = f"SELECT rowid, {column} FROM {table} WHERE {is_path}"  # noqa: S608
    return connection.execute(query).fetchall()


def _mover(earlier: Path, home: Path) -> Callable[[str], str]:
    """Return a function that moves a path or URI from an earlier folder to this one."""
    prefixes = [
        (f"{before}/", f"{after}/")
        for before, after in ((str(earlier), str(home)), (earlier.as_uri(), home.as_uri()))
    ]

    def move(value: str) -> str:
        for before, after in prefixes:
            # Where this folder lies in the earlier one, a value may be right already.
            is_right = after.startswith(before) and value.startswith(after)
            if value.startswith(before) and not is_right:
                return after + value.removeprefix(before)
        return value

    return move


def _is_left_behind(
    connection: sqlite3.Connection, table: str, row: int, paths: tuple[str, str]
) -> bool:
    """Tell whether the files of a complete run or a model lie at its earlier path alone."""
    before, after = map(_to_path, paths)
    if table not in FOLDERS or before is None or after is None:
        return False
    if after.exists() or not before.exists():
        return False
    query = f"SELECT 1 FROM {table} WHERE rowid = ? AND {FOLDERS[table]}"  # noqa: S608
    return bool(connection.execute(query, [row]).fetchall())


def _correct_description(location: str, moved: Callable[[str], str]) -> None:
    """Change the paths in the file `MLmodel` of a model, which is replaced and never changed."""
    folder = _to_path(location)
    file = folder / "MLmodel" if folder else None
    if file is None or not file.is_file():
        return
    with suppress(yaml.YAMLError):
        before = yaml.safe_load(file.read_text(encoding="utf-8"))
        after = _each_text(before, moved)
        if after != before:
            files.write_text(file, yaml.safe_dump(after, allow_unicode=True, sort_keys=False))


def _each_text(value: object, change: Callable[[str], str]) -> object:
    match value:
        case str():
            return change(value)
        case dict():
            return {key: _each_text(inner, change) for key, inner in value.items()}
        case list():
            return [_each_text(inner, change) for inner in value]
    return value


def _to_path(location: str) -> Path | None:
    """Return the path of a local location; None for another."""
    parsed = urlparse(location)
    if parsed.scheme == "file":
        return Path(url2pathname(parsed.path))
    return Path(location) if location.startswith("/") else None
