"""The digest of code: what changes it, what does not, and that all Pythons agree."""

import ast
import io
import os
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.workspace import Workspace
from pipeline.workspace.digests import code_sha256, normalize

from ..conftest import REPOSITORY

pytestmark = pytest.mark.slow

SOURCE = '''\
"""Say what it does."""

from pathlib import Path

SIGN = "#"  # a comment


class Error(Exception):
    """Nothing but a docstring."""


class Shape:
    r"""With an escape: \\d."""

    size: int = 3
    """What size is."""

    def area(
        self,  # a comment inside of brackets
        scale: float = 1.0,

        unit: str = f"{SIGN:#>3}#",
    ) -> str:
        \'\'\'A docstring
        of two lines.··

        # And more.
        \'\'\'
        text = """#··

        kept"""
        names = [
            "no docstring"
        ]
        continued = \\
            "no docstring"
        return f"{self.size * scale:#x}{unit}{text}{names}{continued}"  # done
'''.replace("·", " ")

NORMALIZED = '''\
from pathlib import Path
SIGN = "#"
class Error(Exception):
    pass
class Shape:
    size: int = 3
    def area(
        self,
        scale: float = 1.0,
        unit: str = f"{SIGN:#>3}#",
    ) -> str:
        text = """#··

        kept"""
        names = [
            "no docstring"
        ]
        continued = \\
            "no docstring"
        return f"{self.size * scale:#x}{unit}{text}{names}{continued}"'''.replace("·", " ")

SOURCES = sorted(REPOSITORY.glob("src/**/*.py"))


def test_only_code_is_left():
    assert normalize(SOURCE) == NORMALIZED
    assert normalize(NORMALIZED) == NORMALIZED


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        ("# only a comment\n", ""),
        ('"""Only a docstring."""\n', ""),
        ('"""Only a docstring."""', ""),
        ('# a comment\n\n"""A docstring."""\n\nx = 1\n', "x = 1"),
        ('def f():\n    "a"\n    "b"\n', "def f():\n    pass"),
        ('def f():\n    "a"\n    "b"\nx = 1\n', "def f():\n    pass\nx = 1"),
        ('def f():\n    u"a"\n    return 1\n', "def f():\n    return 1"),
        ('def f():\n    f"{g()}"\n', 'def f():\n    f"{g()}"'),
        ('def f():\n    """a""".upper()\n', 'def f():\n    """a""".upper()'),
        ('def f(a="x", b={}):\n    "a"\n\n\nf()\n', 'def f(a="x", b={}):\n    pass\nf()'),
        ("x = '''\n# a\n'''  # b\n\"\"\"c\"\"\"\ny = 1\n", "x = '''\n# a\n'''\ny = 1"),
        ('x = "\\"#"  # a\n', 'x = "\\"#"'),
        ("x = '#' \"#\" # '\"\n", "x = '#' \"#\""),
    ],
)
def test_docstrings_and_comments_at_odd_places(source: str, expected: str):
    assert normalize(source) == expected


def without_docstrings(source: str) -> str:
    """Return the tree of a source without its statements that are strings, as a text."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if not isinstance(body, list) or not body:
                continue
            left = [statement for statement in body if not is_string(statement)]
            setattr(node, name, left or ([] if isinstance(node, ast.Module) else [ast.Pass()]))
    return ast.dump(tree)


def is_string(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def test_the_meaning_of_all_our_sources_is_left():
    for file in SOURCES:
        source = file.read_text(encoding="utf-8")
        found = normalize(source)
        assert without_docstrings(found) == without_docstrings(source), file
        tokens = tokenize.generate_tokens(io.StringIO(found).readline)
        assert not [token for token in tokens if token.type == tokenize.COMMENT], file
        assert normalize(found) == found, file


def statement_lines(source: str) -> list[int]:
    """Return the numbers of the lines, from 0, on which statements begin."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            decorators = [one.lineno for one in getattr(node, "decorator_list", [])]
            found.add(min([node.lineno, *decorators]) - 1)
    return sorted(found)


ADDITIONS = ['"""A docstring, # with more."""', '# a comment, \'with\' """ more', "", "   "]

sources = st.sampled_from(SOURCES).map(lambda file: file.read_text(encoding="utf-8"))
some = settings(max_examples=50, deadline=None)


@some
@given(sources, st.data())
def test_what_is_added_before_a_statement_changes_nothing(source: str, data: st.DataObject):
    lines = source.split("\n")
    numbers = st.sampled_from(statement_lines(source))
    for number in sorted(data.draw(st.sets(numbers, max_size=9)), reverse=True):
        indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        lines.insert(number, indent + data.draw(st.sampled_from(ADDITIONS)))
    assert normalize("\n".join(lines)) == normalize(source)


@some
@given(sources, st.data())
def test_a_changed_number_changes_the_source(source: str, data: st.DataObject):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    starts = [token.start for token in tokens if token.type == tokenize.NUMBER]
    assume(starts)
    row, column = data.draw(st.sampled_from(starts))
    lines = source.split("\n")
    lines[row - 1] = f"{lines[row - 1][:column]}7{lines[row - 1][column:]}"
    assert normalize("\n".join(lines)) != normalize(source)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"#"', '"##"'), (":#x", ":x"), ("}#", "}"), ("kept", "lost"), ("#  \n", "#\n")],
)
def test_a_changed_string_changes_the_source(old: str, new: str):
    assert old in NORMALIZED
    assert normalize(SOURCE.replace(old, new)) != NORMALIZED


# PyYAML may be missing in other environments, and is not used here.
DIGEST_OF_ALL = """
import hashlib, pathlib, sys, types
sys.modules["yaml"] = types.ModuleType("yaml")
from pipeline.workspace.digests import normalize
files = sorted(pathlib.Path("src").rglob("*.py"))
text = "\\0".join(normalize(file.read_text(encoding="utf-8")) for file in files)
print(hashlib.sha256(text.encode()).hexdigest())
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_all_versions_of_python_agree(version: str):
    def ran(*command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": "src"}
        return subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )

    python = f"python{version}"
    if shutil.which(python) is None or ran(python, "-c", "").returncode:
        pytest.skip(f"{python} is not installed")
    done = ran(python, "-c", DIGEST_OF_ALL)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ran(sys.executable, "-c", DIGEST_OF_ALL).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package and two stages that share a file; one depends on a folder besides."""
    for name in ("a.py", "room/b.py", "room/c.py", "room/__pycache__/d.pyc", "unused.py"):
        file = tmp_path / "src/package" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"NAME = {name!r}\n", encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n"
        "  one:\n    cmd: one\n    deps: [data, src/package/a.py]\n"
        "  two:\n    cmd: two\n    deps: ['${data}', src/package/a.py, src/package/room]\n",
        encoding="utf-8",
    )
    return tmp_path


def digests(project: Path) -> dict[str, str]:
    names = {"one": ["one"], "two": ["two"], "both": ["one", "two"]}
    package = project / "src/package"
    return {
        name: code_sha256(Workspace(project), stages, package) for name, stages in names.items()
    }


@pytest.mark.parametrize(
    ("file", "added", "changed"),
    [
        ("a.py", "x = 1", {"one", "two", "both"}),
        ("room/b.py", "x = 1", {"two", "both"}),
        ("room/e.py", "x = 1", {"two", "both"}),
        ("room/e.py", "# a new file without a statement", {"two", "both"}),
        ("room/b.py", "# x = 1", set()),
        ("a.py", '"""x = 1"""', set()),
        ("unused.py", "x = 1", set()),
        ("room/__pycache__/d.pyc", "x = 1", set()),
        ("room/table.csv", "x = 1", set()),
    ],
)
def test_the_digest_is_over_the_code_that_stages_depend_on(
    project: Path, file: str, added: str, changed: set[str]
):
    before = digests(project)
    assert before["two"] == before["both"] != before["one"]
    with (project / "src/package" / file).open("a", encoding="utf-8") as opened:
        opened.write(f"{added}\n")
    after = digests(project)
    assert {name for name in after if after[name] != before[name]} == changed


def test_the_digest_is_of_names_too(project: Path):
    before = digests(project)
    (project / "src/package/room/b.py").rename(project / "src/package/room/e.py")
    assert digests(project)["two"] != before["two"]


def test_the_package_may_lie_elsewhere(project: Path, tmp_path: Path):
    before = digests(project)["two"]
    elsewhere = (project / "src").rename(tmp_path / "installed")
    assert code_sha256(Workspace(project), ["two"], elsewhere / "package") == before


def test_a_missing_file_is_an_error(project: Path):
    (project / "src/package/a.py").unlink()
    with pytest.raises(FileNotFoundError):
        digests(project)


def test_without_dvc_yaml_the_whole_package_counts(project: Path):
    (project / "dvc.yaml").unlink()
    before = digests(project)
    assert before["one"] == before["two"]
    with (project / "src/package/unused.py").open("a", encoding="utf-8") as opened:
        opened.write("x = 1\n")
    assert digests(project) != before


def test_the_stages_of_this_repository_have_digests(tmp_path: Path):
    workspace, elsewhere = Workspace(REPOSITORY), Workspace(tmp_path)
    train = code_sha256(workspace, ["train"])
    assert train != code_sha256(workspace, ["train", "evaluate"])
    assert train != code_sha256(elsewhere, ["train"])
