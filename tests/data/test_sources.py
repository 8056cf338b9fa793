"""A data source is a class of the schema, an option of conf/data and a registered function."""

import pkgutil
from typing import get_args

import pytest
import yaml

from pipeline.data import sources
from pipeline.data.prepared.tasks import TASKS
from pipeline.data.sources import DERIVATIONS, SOURCES
from pipeline.schema.data import Data, TableData

from ..conftest import REPOSITORY


def test_the_schema_knows_the_registered_sources():
    sections = get_args(get_args(Data)[0])
    names = [get_args(section.model_fields["source"].annotation)[0] for section in sections]
    assert sorted(names) == sorted(SOURCES)
    assert set(DERIVATIONS) <= set(SOURCES)


def test_every_module_of_sources_is_imported_and_registers_some():
    modules = {module.name for module in pkgutil.iter_modules(sources.__path__)}
    assert {function.__module__.rpartition(".")[2] for function in SOURCES.values()} == modules


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_has_an_option(name: str):
    options = (REPOSITORY / "conf/data").glob("*.yaml")
    texts = [option.read_text(encoding="utf-8") for option in options]
    assert name in [yaml.safe_load(text).get("source") for text in texts]


def test_tasks_of_a_table_are_tasks():
    named = set(get_args(TableData.model_fields["task"].annotation)) - {"auto"}
    assert named == {task.name for task in TASKS.values() if task.is_of_tables}
    assert all(name == task.name for name, task in TASKS.items())
