"""The structure holds: what a stage imports is what dvc.yaml says it depends on."""

import ast
from pathlib import Path

import grimp
import pytest
import yaml

from .conftest import REPOSITORY

STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]

# What a stage may import without depending on it: nothing there changes an out.
NO_INFLUENCE = (
    "pipeline.tracking",
    "pipeline.identity",
    "pipeline.reporting.progress",
    "pipeline.stages.process",
)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("pipeline", cache_dir=None)


def covered(module: str, paths: set[str]) -> bool:
    place = Path("src", *module.split("."))
    return any(str(p) in paths for p in (place.with_suffix(".py"), place, *place.parents))


def exempt(module: str) -> bool:
    """Tell whether a module has no say in an out, or is a package with nothing but a docstring."""
    if module.startswith(NO_INFLUENCE):
        return True
    init = REPOSITORY / "src" / Path(*module.split(".")) / "__init__.py"
    return init.is_file() and len(ast.parse(init.read_text(encoding="utf-8")).body) == 1


@pytest.mark.parametrize("stage", ["config", "prepare", "train", "freeze", "evaluate"])
def test_a_stage_depends_on_all_the_code_that_it_imports(graph: grimp.ImportGraph, stage: str):
    module = f"pipeline.stages.{stage}"
    imported = {module, *graph.find_upstream_modules(module)}
    imported |= {  # a package's __init__ runs with its modules
        name.rpartition(".")[0] for name in imported if name.count(".") > 1
    }
    paths = set(map(str, STAGES[stage]["deps"]))
    missing = [name for name in sorted(imported) if not exempt(name) and not covered(name, paths)]
    assert missing == []


@pytest.mark.parametrize("stage", ["config", "prepare", "train", "freeze", "evaluate"])
def test_a_stage_depends_on_no_code_that_it_does_not_import(graph: grimp.ImportGraph, stage: str):
    module = f"pipeline.stages.{stage}"
    imported = {module, *graph.find_upstream_modules(module)}
    for path in STAGES[stage]["deps"]:
        if str(path).startswith("src/"):
            name = ".".join(Path(path).with_suffix("").parts[1:])
            assert any(m == name or m.startswith(name + ".") for m in imported), path
