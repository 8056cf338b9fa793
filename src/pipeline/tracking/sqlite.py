"""An SQLite file as MLflow's store, looked at without MLflow, whose import takes seconds.

Looking changes nothing: a store that is not there yet is not made, and none is migrated.
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

MIGRATIONS = "store/db_migrations/versions/*.py"


def file() -> Path | None:
    """Return the file of the store; None where it is no SQLite file."""
    scheme, _, path = address.tracking_uri().partition(":///")
    return Path(path.partition("?")[0]) if scheme == "sqlite" else None


@contextmanager
def _opened(database: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise TrackingError(f"the MLflow store {database} cannot be used: {error}") from None


def require_writable(database: Path) -> None:
    """Begin to write, and take it back.

    Raises:
        TrackingError: it is locked, damaged or must not be written.
    """
    with _opened(database) as opened:
        opened.execute("BEGIN IMMEDIATE")
        opened.execute("ROLLBACK")


def require_current(database: Path) -> None:
    """Check that the tables are those of the MLflow that is installed.

    Raises:
        TrackingError: they are older, newer, or not MLflow's.
    """
    with _opened(database) as opened:
        tables = {name for (name,) in opened.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return  # the first run makes them
        if "alembic_version" not in tables:
            raise TrackingError(f"{database} is no store of MLflow's; move it away")
        ((have,),) = opened.execute("SELECT version_num FROM alembic_version")
    known = _revisions()
    if have not in known:
        raise TrackingError(
            f"{database} has the tables of a newer MLflow ({have}) than {version('mlflow')}, which"
            " is installed; make setup installs what is pinned"
        )
    if have in known.values():
        raise TrackingError(
            f"{database} has the tables of an older MLflow ({have}); copy it, then:"
            f" mlflow db upgrade sqlite:///{database}"
        )


def _revisions() -> dict[str, str]:
    """Return the versions of the tables that MLflow knows, each with the one before it.

    They are read from the text of its migrations, which import all of MLflow.
    """
    spec = find_spec("mlflow")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'mlflow'", name="mlflow")
    texts = [path.read_text("utf-8") for path in Path(spec.origin).parent.glob(MIGRATIONS)]
    pairs = [dict(re.findall(r'^(revision|down_revision) = "?(\w+)', text, re.M)) for text in texts]
    return {pair["revision"]: pair["down_revision"] for pair in pairs if "revision" in pair}


def has_running(database: Path) -> bool:
    """Tell whether any run is RUNNING; the tables must be current."""
    with _opened(database) as opened:
        tables = {name for (name,) in opened.execute("SELECT name FROM sqlite_master")}
        wanted = "SELECT 1 FROM runs WHERE status = 'RUNNING' LIMIT 1"
        return "runs" in tables and bool(opened.execute(wanted).fetchall())
