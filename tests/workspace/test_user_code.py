"""Modules of the user: mistakes in them, and modules of the same names in two workspaces."""

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.workspace import Workspace, user_code

from ..failures import Failure

OWN = """
import helper

CALLS = []

def load(word):
    CALLS.append(word)
    return [helper.NAME, len(CALLS)]

def lazy():
    import helper
    from package import late
    return [helper.NAME, late.NAME]

class Network:
    def __call__(self):
        import helper
        return helper.NAME

network = Network()
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable]:
    """Make workspaces whose modules know the name of their folder."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make(name: str) -> Workspace:
        root = tmp_path / name
        (root / "package").mkdir(parents=True)
        (root / "own.py").write_text(OWN)
        (root / "package/__init__.py").touch()
        for module in ("helper.py", "package/late.py"):
            (root / module).write_text(f"NAME = {name!r}\ndef name(): return NAME\n")
        return Workspace(root)

    yield make
    user_code._activate(tmp_path / "nothing")  # takes the modules out of sys.modules
    assert not {"own", "helper", "package", "package.late"} & sys.modules.keys()


def test_each_workspace_has_its_own_functions(workspace):
    one, two = workspace("one"), workspace("two")
    for place in (one, two, one, two):
        assert user_code.function("own.load", place)("x")[0] == place.root.name
        assert user_code.function("own.lazy", place)() == [place.root.name] * 2
        assert user_code.function("package.late.name", place)() == place.root.name


def test_a_function_keeps_its_globals_after_another_was_loaded(workspace):
    first = user_code.function("own.load", workspace("one"))
    second = user_code.function("own.load", workspace("two"))
    assert [first("x"), second("x"), first("y"), second("y")] == [
        ["one", 1],
        ["two", 1],
        ["one", 2],
        ["two", 2],
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_function_that_imports_when_called_gets_modules_of_its_workspace(workspace, order):
    places = workspace("one"), workspace("two")
    functions = [user_code.function("own.lazy", place) for place in places]
    for number in order:
        assert functions[number]() == [places[number].root.name] * 2


def test_a_module_is_imported_once(workspace):
    one, two = workspace("one"), workspace("two")
    for count in (1, 2, 3):
        assert user_code.function("own.load", one)("x") == ["one", count]
        user_code.function("own.load", two)


def test_an_object_that_can_be_called_is_a_function(workspace):
    first = user_code.function("own.network", workspace("one"))
    user_code.function("own.network", workspace("two"))
    assert first() == "one"


def test_one_workspace_may_lie_in_the_other(workspace):
    outer, inner = workspace("outer"), workspace("outer/inner")
    for place, name in ((inner, "outer/inner"), (outer, "outer"), (inner, "outer/inner")):
        assert user_code.function("own.lazy", place)() == [name, name]


def test_the_current_folder_is_no_other_workspace(workspace, monkeypatch):
    """`python -m` puts the current folder first in the path."""
    one, two = workspace("one"), workspace("two")
    sys.path.insert(0, str(one.root))
    for place in (one, two, one):
        assert user_code.function("own.lazy", place)() == [place.root.name] * 2


def test_what_the_program_imported_itself_stays(workspace):
    one, two = workspace("one"), workspace("two")
    (one.root / "program.py").touch()
    sys.path.insert(0, str(one.root))
    program = importlib.import_module("program")
    try:
        user_code.function("own.load", one)
        user_code.function("own.load", two)
        assert sys.modules["program"] is program
    finally:
        del sys.modules["program"]


@pytest.fixture
def own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder to import modules from."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("own", None)


MODULE = """
import math
number = 3
def load(path):
    return None
"""


@pytest.mark.parametrize(
    ("what", "source", "target", "expected"),
    [
        ("that is missing", None, "own.load", "own.py does not exist"),
        ("with a mistake in its syntax", "def load(:", "own.load", "cannot be imported: Syntax"),
        ("that imports what is not there", "import nowhere_to_find", "own.load", "line 1: Module"),
        ("that fails when imported", "\nx = 1 / 0", "own.load", "line 2: ZeroDivisionError"),
        ("that ends the program", "import sys\nsys.exit(3)", "own.load", "line 2: SystemExit: 3"),
        ("without that function", MODULE, "own.laod", "has no function 'laod'; nearest: load"),
        ("with a number for a function", MODULE, "own.number", "has no function 'number'"),
    ],
)
def test_a_module_of_one_s_own_that_is_wrong_is_one_message(
    own, what: str, source: str | None, target: str, expected: str, failure: Failure
):
    if source is not None:
        Path("own.py").write_text(source)
    with failure.raises(f"own module {what}", ConfigError, match=re.escape(expected)):
        user_code.function(target, Workspace.here())


def test_a_module_named_as_a_library_is_one_message(own, failure: Failure):
    Path("numpy.py").write_text(MODULE)
    with failure.raises("own module named as a library", ConfigError, match="rename numpy.py"):
        user_code.function("numpy.load", Workspace.here())
