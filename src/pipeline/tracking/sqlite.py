"""Checks of an SQLite store without MLflow, whose import takes seconds.

The checks change nothing: a missing store is not created, and no store is migrated.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import TrackingError
from pipeline.tracking import address
from pipeline.workspace import Workspace

MIGRATIONS = "store/db_migrations/versions/*.py"


def file(workspace: Workspace) -> Path | None:
    """Return the file of the store; None if the store is not an SQLite file."""
    scheme, _, path = address.tracking_uri(workspace).partition(":///")
    return Path(path.partition("?")[0]) if scheme == "sqlite" else None


@contextmanager
def _open(database: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise TrackingError(f"the MLflow store {database} cannot be used: {error}") from None


def require_writable(database: Path) -> None:
    """Begin a write and roll it back; refuse a store that is locked, damaged or read-only."""
    with _open(database) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def require_current(database: Path) -> None:
    """Refuse tables that have another version than the installed MLflow, or are not MLflow's."""
    with _open(database) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return  # the first run creates them
        if "alembic_version" not in tables:
            raise TrackingError(f"{database} is not an MLflow store; move it away")
        ((current,),) = connection.execute("SELECT version_num FROM alembic_version")
    known = _revisions()
    if current not in known:
        raise TrackingError(
            f"{database} has the tables of a newer MLflow ({current}) than the installed"
            f" {version('mlflow')}; make setup installs the pinned version"
        )
    if current in known.values():
        raise TrackingError(
            f"{database} has the tables of an older MLflow ({current}); copy it, then:"
            f" mlflow db upgrade sqlite:///{database}"
        )


def _revisions() -> dict[str, str]:
    """Return the revisions of the tables that MLflow knows, each with the one before it.

    They are read from the source of its migrations, whose import would import all of MLflow.
    """
    spec = find_spec("mlflow")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'mlflow'", name="mlflow")
    texts = [path.read_text("utf-8") for path in Path(spec.origin).parent.glob(MIGRATIONS)]
    pairs = [dict(re.findall(r'^(revision|down_revision) = "?(\w+)', text, re.M)) for text in texts]
    return {pair["revision"]: pair["down_revision"] for pair in pairs if "revision" in pair}


def has_running(database: Path) -> bool:
    """Tell whether any run has the status RUNNING; the tables must be current."""
    with _open(database) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        query = "SELECT 1 FROM runs WHERE status = 'RUNNING' LIMIT 1"
        return "runs" in tables and bool(connection.execute(query).fetchall())
