"""An SQLite store without MLflow, whose import takes seconds: its file, tables, lock, and checks.

The checks change nothing: a missing store is not created, and no store is migrated.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

from filelock import FileLock, Timeout

from pipeline.errors import TrackingError
from pipeline.tracking import address
from pipeline.workspace import Workspace

MIGRATIONS = "store/db_migrations/versions/*.py"
LOCK_TIMEOUT_SECONDS = 30

# What the migrations of MLflow make of an empty file in seconds. `python -m tests.store_schema` has
# written it; the first line has the version of MLflow.
TABLES = Path(__file__).with_name("store.sql")
MADE_BY = "-- the tables of MLflow {}"


def file(workspace: Workspace) -> Path | None:
    """Return the file of the store; None if the store is not an SQLite file."""
    scheme, _, path = address.tracking_uri(workspace).partition(":///")
    return Path(unquote(path.partition("?")[0])) if scheme == "sqlite" else None


def own_file(workspace: Workspace) -> Path | None:
    """Return the file of the store if it lies in the home of the workspace, else None."""
    found = file(workspace)
    return found if found and found.resolve().is_relative_to(workspace.home) else None


@contextmanager
def locked(workspace: Workspace) -> Iterator[None]:
    """Let one process at a time create the store or change its paths while the block runs.

    Raises:
        TrackingError: another process holds the lock for too long.
    """
    lock = workspace.temporary / "mlflow-store.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(lock).acquire(LOCK_TIMEOUT_SECONDS)
    except Timeout:
        raise TrackingError(
            f"another process has been creating or moving the MLflow store for"
            f" {LOCK_TIMEOUT_SECONDS} seconds: it holds {lock}; wait until it has ended"
        ) from None
    with held:
        yield


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """Connect to a store; its errors become a `TrackingError`."""
    try:
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise TrackingError(
            f"the MLflow store {database} cannot be used: {error}; wait until no other program uses"
            " it, or move it away"
        ) from None


def make_tables(database: Path) -> None:
    """Make the tables of the installed MLflow in an empty file; none if they are not known."""
    text = TABLES.read_text(encoding="utf-8")
    if text.startswith(f"{MADE_BY.format(version('mlflow'))}\n"):
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(text)


def tables(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the tables of a database."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    return {name for (name,) in connection.execute(query)}


def require_writable(database: Path) -> None:
    """Begin a write and roll it back; refuse a store that is locked, damaged or read-only."""
    with opened(database) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def require_current(database: Path) -> None:
    """Refuse tables that have another version than the installed MLflow, or are not MLflow's."""
    with opened(database) as connection:
        found = tables(connection)
        if not found:
            return  # the first run creates them
        if "alembic_version" not in found:
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
    with opened(database) as connection:
        query = "SELECT 1 FROM runs WHERE status = 'RUNNING' LIMIT 1"
        return "runs" in tables(connection) and bool(connection.execute(query).fetchall())
