"""Functions of the user's own, named as MODULE.FUNCTION and found in the repository's root."""

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, nearest, one_line


def module_file(target: str) -> Path:
    """Return where the module of a target lies, relative to the repository's root.

    Raises:
        ConfigError: there is no such file.
    """
    module = target.rpartition(".")[0].replace(".", "/")
    for file in (Path(f"{module}.py"), Path(module) / "__init__.py"):
        if file.is_file():
            return file
    raise ConfigError(
        f"_target_={target}: there is no {module}.py here; write it, or mend the name"
    )


def function(target: str) -> Callable[..., Any]:
    """Import the function that a target names.

    Raises:
        ConfigError: there is no such module or function, or it cannot be imported.
    """
    file = module_file(target)
    module, _, name = target.rpartition(".")
    root = str(Path.cwd())
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        imported = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's own lines raise
        raise ConfigError(
            f"_target_={target}: {file} cannot be imported: {_line_of(file, error)}"
            f"{type(error).__name__}: {one_line(error)}"
        ) from None
    if not file.samefile(imported.__file__ or "."):
        raise ConfigError(
            f"_target_={target}: {module} is also the name of an installed module; rename {file}"
        )
    found = getattr(imported, name, None)
    if not callable(found):
        functions = [key for key, value in vars(imported).items() if callable(value)]
        raise ConfigError(
            f"_target_={target}: {file} has no function {name!r}{nearest(name, functions)}"
        )
    return found  # type: ignore[no-any-return]


def _line_of(file: Path, error: BaseException) -> str:
    """Return `line 3: ` for an error that came from the third line of a file."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).resolve() == file.resolve()
    ]
    return f"line {lines[-1]}: " if lines else ""
