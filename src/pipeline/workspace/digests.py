"""Digests of values and code, and library versions: all that can change a result.

Comments, docstrings and blank lines of code do not count, and the digest is the same under every
supported version of Python. The modules `tokenize` and `ast` differ between versions and need half
a second for this package. A regular expression that finds strings and comments by the grammar of
Python 3.11 needs a tenth of that. Ruff and Python 3.11 refuse newer syntax, such as an f-string
that contains its own quotes.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import yaml

from pipeline.workspace import Workspace

# Libraries whose versions can change a result.
LIBRARIES = ("tensorflow", "numpy", "pandas", "scikit-learn")

PACKAGE = Path(__file__).parents[1]

STRING = r"""
    ["]["]["] (?:[^"\\]|\\.|"(?!""))*+ ["]["]["]
    | \'\'\' (?:[^'\\]|\\.|'(?!''))*+ \'\'\'
    | " (?:[^"\\\n]|\\.)*+ "
    | ' (?:[^'\\\n]|\\.)*+ '
"""
STRINGS = re.compile(f"({STRING})", re.VERBOSE | re.DOTALL)
STRINGS_AND_COMMENTS = re.compile(rf"({STRING}) | \#[^\n]*", re.VERBOSE | re.DOTALL)
BLANKS = re.compile(r"[ \t\f]*\n(?:[ \t\f]*\n)*")
# The beginning of a statement that may be a docstring, and the indent of the line below it.
BEGINNING = re.compile(r"(?<!\\)\n[ \t\f]*[rRuU]?\Z")
NEXT_INDENT = re.compile(r"\n([ \t\f]*)")
BRACKETS = re.compile(r"(?P<opening>[(\[{]) | [)\]}]", re.VERBOSE)


def versions() -> dict[str, str]:
    """Return the installed versions of the libraries that can change a result."""
    return {name: version(name) for name in LIBRARIES}


def of_values(*values: object) -> str:
    """Return one SHA-256 over values that JSON can hold; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def combine(digests: Iterable[tuple[str, str]]) -> str:
    """Return one SHA-256 over the names and digests of files, in this order."""
    lines = "".join(f"{name}\0{digest}\n" for name, digest in digests)
    return hashlib.sha256(lines.encode()).hexdigest()


def code_sha256(workspace: Workspace, stages: Sequence[str], package: Path = PACKAGE) -> str:
    """Return one SHA-256 over the code that stages depend on.

    Args:
        workspace: its dvc.yaml names the files; without it, the whole package counts.
        package: folder of the package that runs; it may be outside of the workspace.
    """
    sources = {
        file.relative_to(package).as_posix(): normalize(file.read_text(encoding="utf-8"))
        for file in _list_sources(workspace.dvc_yaml, package, stages)
    }
    return combine((n, hashlib.sha256(s.encode()).hexdigest()) for n, s in sorted(sources.items()))


def normalize(source: str) -> str:
    """Return the source without comments, docstrings, blank lines and trailing blanks.

    A docstring is any statement on its own lines that is only a string. If a body has nothing
    else, the docstring becomes `pass`.
    """
    pieces = STRINGS.split(STRINGS_AND_COMMENTS.sub(r"\1", source))
    code, *following = [BLANKS.sub("\n", piece) for piece in pieces[::2]]
    code, depth = f"\n{code}", _depth(code)
    finished: list[str] = []
    for string, after in zip(pieces[1::2], following, strict=True):
        if depth == 0 and BEGINNING.search(code) and (not after or after[0] == "\n"):
            code = _without_docstring(code, after)
        else:
            finished += code, string
            code = after
        depth += _depth(after)
    return "".join([*finished, code]).strip("\n")


def _list_sources(dvc_yaml: Path, package: Path, stages: Sequence[str]) -> set[Path]:
    if not dvc_yaml.exists():
        return set(package.rglob("*.py"))
    definitions = yaml.safe_load(dvc_yaml.read_text(encoding="utf-8"))["stages"]
    deps = {dep for stage in stages for dep in definitions[stage]["deps"]}
    paths = {package.parent / dep.removeprefix("src/") for dep in deps if dep.startswith("src/")}
    return {file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])}


def _without_docstring(before: str, after: str) -> str:
    """Join the code around a docstring; `pass` replaces it if a body would be empty."""
    above, _, beginning = before.rpartition("\n")
    indent = beginning.rstrip("rRuU")
    next_indent = NEXT_INDENT.match(after)
    if above.endswith(":") and (not next_indent or len(next_indent[1]) < len(indent)):
        return f"{above}\n{indent}pass{after}"
    return above + after


def _depth(code: str) -> int:
    """Return the number of brackets that code opens minus those that it closes."""
    return sum(1 if match["opening"] else -1 for match in BRACKETS.finditer(code))
