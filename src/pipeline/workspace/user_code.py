"""Functions in the user's modules, named as MODULE.FUNCTION and found at the root of a workspace.

Two workspaces may have modules of the same name. The modules of each root are kept apart and are in
`sys.modules` only while that workspace is active: the last whose function was loaded or called.
Modules that the program imported before stay where they are.
"""

import functools
import importlib
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pipeline.errors import ConfigError, nearest, one_line
from pipeline.workspace import Workspace, inputs

_imported: defaultdict[Path, dict[str, ModuleType]] = defaultdict(dict)  # by root
_active: Path | None = None  # the root whose modules are in `sys.modules`
_before: set[str] = set()  # the modules that were there without them


def module_file(target: str, workspace: Workspace) -> Path:
    """Return the file of a target's module.

    Raises:
        ConfigError: the file does not exist.
    """
    module = target.rpartition(".")[0].replace(".", "/")
    for name in (f"{module}.py", f"{module}/__init__.py"):
        if workspace.path(name).is_file():
            return workspace.path(name)
    if (reason := inputs.why_missing(f"{module}.py", workspace)) != inputs.MISSING:
        raise ConfigError(f"_target_={target}: {module}.py: {reason}")
    raise ConfigError(f"_target_={target}: {module}.py does not exist; create it or fix the name")


def function(target: str, workspace: Workspace) -> Callable[..., Any]:
    """Import the function that a target names.

    While the function runs, it can import modules of its own workspace.

    Raises:
        ConfigError: the module or function does not exist, or cannot be imported.
    """
    file, where = module_file(target, workspace), f"_target_={target}"
    script = workspace.relative(file)
    module, _, name = target.rpartition(".")
    _activate(workspace.root)
    try:
        imported = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # anything that the user's code raises
        reason = f"{_line_of(file, error)}{type(error).__name__}: {one_line(error)}"
        remedy = f"fix {script}, or install what it imports"
        raise ConfigError(f"{where}: {script} cannot be imported: {reason}; {remedy}") from None
    if not file.samefile(imported.__file__ or "."):
        raise ConfigError(f"{where}: an installed module is also named {module}; rename {script}")
    found = getattr(imported, name, None)
    if not callable(found):
        functions = [key for key, value in vars(imported).items() if callable(value)]
        raise ConfigError(
            f"{where}: {script} has no function {name!r}{nearest(name, functions)}; fix the name,"
            f" or define it in {script}"
        )

    @functools.wraps(found)
    def call(*arguments: object, **named: object) -> object:
        _activate(workspace.root)
        return found(*arguments, **named)

    return call


def _activate(root: Path) -> None:
    """Let imports find the modules of one workspace, and no modules of the one before."""
    global _active, _before
    if _active == root and sys.path[:1] == [str(root)]:
        return
    if _active:
        sys.path[:] = [entry for entry in sys.path if entry != str(_active)]
        for name in sys.modules.keys() - _before:
            if _is_users(name, sys.modules[name], _active):
                _imported[_active][name] = sys.modules.pop(name)
    _active, _before = root, set(sys.modules)
    sys.modules.update(_imported[root])
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()


def _is_users(name: str, module: ModuleType, root: Path) -> bool:
    file = Path(getattr(module, "__file__", None) or "/")
    installed = {"site-packages", "dist-packages"}.intersection(file.parts)
    return file.is_relative_to(root) and not installed and name.split(".")[0] != "pipeline"


def _line_of(file: Path, error: BaseException) -> str:
    """Return `line 3: ` for an error that was raised in the third line of a file."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    return f"line {lines[-1]}: " if lines else ""
