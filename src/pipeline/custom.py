"""Functions of the user's own, named as MODULE.FUNCTION and found in the repository's root."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, nearest


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
        ConfigError: there is no such module or function.
    """
    file = module_file(target)
    module, _, name = target.rpartition(".")
    root = str(Path.cwd())
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        found = getattr(importlib.import_module(module), name, None)
    except (SyntaxError, ImportError) as error:
        raise ConfigError(f"_target_={target}: {file} cannot be imported: {error}") from None
    if not callable(found):
        functions = [key for key, value in vars(sys.modules[module]).items() if callable(value)]
        raise ConfigError(
            f"_target_={target}: {file} has no function {name!r}{nearest(name, functions)}"
        )
    return found  # type: ignore[no-any-return]
