"""The structure holds: a stage depends on the code that it imports, and on no other."""

import textwrap
from pathlib import Path

import pytest
import yaml

from . import stage_deps
from .conftest import REPOSITORY, Clone
from .stage_deps import Code, cover, covered, rewritten

DVC_YAML = (REPOSITORY / "dvc.yaml").read_text(encoding="utf-8")
DEPS = stage_deps.read(DVC_YAML)
CODE = Code()

each_stage = pytest.mark.parametrize("stage", DEPS)


def names(files: set[Path]) -> list[str]:
    return sorted(map(str, files))


@each_stage
def test_a_stage_depends_on_all_the_code_that_it_imports(stage: str):
    needed = CODE.needed(stage)
    assert names(needed - covered(needed, DEPS[stage])) == []


@each_stage
def test_a_stage_depends_on_no_code_that_it_does_not_import(stage: str):
    needed, files = CODE.needed(stage), CODE.files()
    let_pass = stage_deps.superfluous(CODE) if stage == "track" else set()
    assert names(covered(files, DEPS[stage]) - needed - let_pass) == []
    assert [line for line in DEPS[stage] if not covered(files, [line])] == []


@each_stage
def test_a_stage_names_its_code_in_few_lines(stage: str):
    assert len(DEPS[stage]) <= stage_deps.MOST_LINES


def test_dvc_yaml_is_as_make_dvc_deps_writes_it():
    expected = {stage: stage_deps.lines_of(stage, CODE) for stage in DEPS}
    assert rewritten(DVC_YAML, expected) == DVC_YAML


def test_what_is_exempt_or_let_pass_exists():
    modules = [*stage_deps.EXEMPT, *stage_deps.SUPERFLUOUS]
    assert [module for module in modules if CODE.file(module) is None] == []


NO_STAGE_RUNS = ("inspection", "doctor", "cli")

STALE: dict[str, set[str]] = {
    **{room: set() for room in (*NO_STAGE_RUNS, "reporting")},
    "evaluation/report": {"evaluate", "track"},
    "schema/evaluation.py": {"config", "evaluate", "track"},
}


@pytest.mark.parametrize(("place", "stages"), STALE.items(), ids=STALE)
def test_a_comment_makes_exactly_these_stages_stale(place: str, stages: set[str]):
    files = covered(CODE.files(), [f"src/pipeline/{place}"])
    found = {
        str(file): {stage for stage, lines in DEPS.items() if covered({file}, lines)}
        for file in files
    }
    assert found == dict.fromkeys(found, stages) != {}


@pytest.mark.repro
def test_a_comment_in_code_that_no_stage_runs_makes_none_stale(copy: Clone):
    files = covered(CODE.files(), [f"src/pipeline/{room}" for room in NO_STAGE_RUNS])
    for file in files:
        with (copy.path / file).open("a", encoding="utf-8") as source:
            source.write("# a comment\n")
    assert copy.succeed("dvc", "status").splitlines() == ["Data and pipelines are up to date."]
    assert "Running stage" not in copy.repro()


# A package with all that decides whether an import counts.
PACKAGE = {
    "__init__.py": '"""Only a docstring."""',
    "errors.py": "class Error(Exception): ...",
    "stages/__init__.py": "",
    "stages/one.py": """
        from typing import TYPE_CHECKING

        from package.room import part
        from package.shown import bar

        if TYPE_CHECKING:
            from package import for_types
        else:
            from package import for_running

        def run():
            from package import in_function
    """,
    "stages/two.py": "from package.room import load",
    "stages/three.py": "import package.room.other\nfrom ..page import html",
    "room/__init__.py": """
        from package import for_the_room

        def load():
            from package import loaded
    """,
    "room/part.py": "from package import errors",
    "room/other.py": "from . import part",
    "shown/__init__.py": "",
    "shown/bar.py": "from package import for_the_bar",
    "page/__init__.py": '"""Pages."""',
    "page/html.py": "TEMPLATE, PROGRAM = 'page.j2', 'started.py'",
    "page/page.j2": "<html>",
    "page/notes.txt": "named nowhere",
    "page/started.py": "from package import errors",
    "for_types.py": "X = 1",
    "for_running.py": "X = 1",
    "in_function.py": "X = 1",
    "for_the_room.py": "X = 1",
    "loaded.py": "X = 1",
    "for_the_bar.py": "X = 1",
}


@pytest.fixture
def package(tmp_path: Path) -> Code:
    for name, source in PACKAGE.items():
        file = tmp_path / "src/package" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source), encoding="utf-8")
    return Code(tmp_path, "package")


ROOM = {"room/__init__.py", "for_the_room.py"}

PAGE = {"page/html.py", "page/page.j2", "page/started.py"}

PARTS = {"room/part.py", "errors.py"}


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        # Imports for types, those of exempt modules, and those in functions of a package that is
        # merely above do not count.
        ("one", {"stages/one.py", "for_running.py", "in_function.py", *ROOM, *PARTS}),
        # The package itself is imported from: its functions count.
        ("two", {"stages/two.py", "loaded.py", *ROOM}),
        # Relative imports; `import package.room.other` calls no function of the room either.
        ("three", {"stages/three.py", "room/other.py", *ROOM, *PARTS, *PAGE}),
    ],
)
def test_needed_is_what_runs(package: Code, stage: str, expected: set[str]):
    found = package.needed(stage, exempt=("package.shown",))
    assert {file.relative_to("src/package").as_posix() for file in found} == expected


def test_what_is_exempt_counts_where_it_is_not():
    assert CODE.needed("track") > CODE.needed("evaluate")
    tracking = Path("src/pipeline/tracking")
    assert covered(CODE.needed("track"), [str(tracking)])
    assert not covered(CODE.needed("train"), [str(tracking)])


def test_a_missing_module_is_an_error(package: Code):
    with pytest.raises(AssertionError, match=r"package\.stages\.four"):
        package.needed("four")


def test_a_folder_stands_for_its_files_when_all_are_needed(package: Code):
    def lines(*without: str) -> list[str]:
        folder = Path("src/package")
        needed = {file for file in package.files() if not covered({file}, without)}
        return cover(needed, package.files(), folder)

    assert lines() == ["src/package"]
    found = lines("src/package/stages", "src/package/errors.py", "src/package/room/part.py")
    assert {line for line in found if line.count("/") > 2 or "." not in line} == {
        "src/package/page",
        "src/package/room/__init__.py",
        "src/package/room/other.py",
        "src/package/shown",
    }


OLD = """\
# a comment
stages:
  one:
    cmd: one
    deps:
      - data
      # why this
      - src/a.py  # the first
      - src/b.py
      - zoo
    outs:
      - src/no_dep.py
  two:
    cmd: two
    deps:
      - ${data.path}
      - zoo
metrics:
  - src/no_dep.py
"""

NEW = """\
# a comment
stages:
  one:
    cmd: one
    deps:
      - data
      # why this
      - src/a.py  # the first
      - src/c
      - zoo
    outs:
      - src/no_dep.py
  two:
    cmd: two
    deps:
      - ${data.path}
      - src/c
      - zoo
metrics:
  - src/no_dep.py
"""


def test_nothing_else_of_dvc_yaml_is_rewritten():
    deps = {"one": ["src/a.py", "src/c"], "two": ["src/c"]}
    assert rewritten(OLD, deps) == NEW
    assert rewritten(NEW, deps) == NEW
    assert stage_deps.read(NEW) == deps
    assert yaml.safe_load(rewritten(NEW, {"one": [], "two": []}))["stages"]["one"]["deps"] == [
        "data",
        "zoo",
    ]
