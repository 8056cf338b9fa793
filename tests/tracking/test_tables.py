"""The tables that are kept for new stores are those that MLflow makes."""

import re
import sqlite3
from pathlib import Path

import pytest

from pipeline.tracking import sqlite

from ..store_schema import dumped, made_by_mlflow

pytestmark = pytest.mark.slow


def statements(database: Path) -> list[tuple[str, ...]]:
    """Return the statements, and the constraints in them, in an order of their own."""
    texts = (" ".join(statement.split()) for statement in dumped(database))
    return sorted(map(_ordered, texts))


def _ordered(text: str) -> tuple[str, ...]:
    text = re.sub(r" ?\);?$", "", text)
    first, *constraints = re.split(
        r", (?=CONSTRAINT |FOREIGN KEY|PRIMARY KEY|CHECK |UNIQUE )", text
    )
    return (first, *sorted(constraints))


def settings(database: Path) -> list[object]:
    names = ("journal_mode", "user_version", "application_id", "page_size", "auto_vacuum")
    with sqlite3.connect(database) as connection:
        return [connection.execute(f"PRAGMA {name}").fetchone() for name in names]


def test_a_new_store_is_as_mlflow_makes_it(tmp_path: Path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    sqlite.make_tables(ours / "mlflow.db")
    sqlite.require_current(ours / "mlflow.db")
    databases = made_by_mlflow(ours), made_by_mlflow(theirs)
    found, expected = map(statements, databases)
    assert found == expected, "python -m tests.store_schema writes them anew"
    found_settings, expected_settings = map(settings, databases)
    assert found_settings == expected_settings


def test_another_mlflow_makes_its_own_tables(tmp_path: Path, monkeypatch):
    text = sqlite.TABLES.read_text(encoding="utf-8")
    other = tmp_path / "store.sql"
    other.write_text(text.replace("-- the tables of MLflow 3", "-- the tables of MLflow 2"))
    monkeypatch.setattr(sqlite, "TABLES", other)
    sqlite.make_tables(tmp_path / "mlflow.db")
    assert not (tmp_path / "mlflow.db").exists()
