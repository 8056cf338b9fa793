"""The tables of an MLflow store, as MLflow's own migrations make them.

`python -m tests.store_schema` writes them to src/pipeline/tracking/store.sql. To be run when the
pinned version of MLflow changes.
"""

import sqlite3
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.repository import environment
from pipeline.tracking import sqlite

# MLflow fills it when it opens a store that has none.
FILLED_LATER = 'INSERT INTO "experiments"'


def made_by_mlflow(folder: Path) -> Path:
    """Return a new store that MLflow made."""
    environment.configure()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    create: Any = SqlAlchemyStore
    create(f"sqlite:///{folder / 'mlflow.db'}", (folder / "mlartifacts").as_uri())
    return folder / "mlflow.db"


def dumped(database: Path) -> list[str]:
    """Return the statements that make a database, without the experiments."""
    with closing(sqlite3.connect(database)) as connection:
        return [line for line in connection.iterdump() if not line.startswith(FILLED_LATER)]


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as folder:
        statements = "\n".join(dumped(made_by_mlflow(Path(folder))))
    lines = [line.rstrip() for line in statements.splitlines()]
    text = "\n".join([sqlite.MADE_BY.format(version("mlflow")), *lines])
    sqlite.TABLES.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
