"""The folder of a repository: names that the programs underneath cannot work in."""

import re
from urllib.parse import unquote

from pipeline.errors import ConfigError
from pipeline.workspace import Workspace

# What a path may not have, and why.
_REFUSED = (
    (r"[\x00-\x1f\x7f]", "a control character, such as a line break, in its path"),
    (r"[\ud800-\udfff]", "a name that is not UTF-8 in its path"),
    (r"\?", "'?' in its path, which ends the path in the address of MLflow's store"),
    (":", "':' in its path, which ends a path in PYTHONPATH"),
    (r"[{}]", "'{' or '}' in its path, which DVC takes for the name of a value"),
    (r"[\[\]\\]", "one of [ ] \\ in its path, in which TensorFlow finds no checkpoint"),
)


def require_usable(workspace: Workspace) -> None:
    """Refuse a repository in a folder in which results would be lost or lie elsewhere.

    Raises:
        ConfigError: the message names what the path has.
    """
    for folder in dict.fromkeys((workspace.root, workspace.home)):
        path = str(folder)
        reasons = [reason for pattern, reason in _REFUSED if re.search(pattern, path)]
        if unquote(path) != path:
            found = re.search(r"%[0-9a-fA-F]{2}", path)
            code = found[0] if found else "%"
            reasons.append(f"{code} in its path, which MLflow takes for another character")
        if reasons:
            shown = path.encode(errors="backslashreplace").decode()
            raise ConfigError(f"{shown!r} has {reasons[0]}; move the repository to another folder")
