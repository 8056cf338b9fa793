"""Python and the libraries, compared with pyproject.toml and constraints.txt."""

import platform
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.errors import ConfigError, listing
from pipeline.workspace import Workspace

PROJECT = Path("pyproject.toml")
CONSTRAINTS = Path("constraints.txt")


def python(workspace: Workspace) -> Iterator[Finding]:
    """Check the version of Python."""
    wanted, have = _project(workspace).get("requires-python", ""), platform.python_version()
    try:
        fits = SpecifierSet(wanted).contains(have, prereleases=True)
    except InvalidSpecifier as error:
        raise ConfigError(f"{PROJECT}: requires-python: {error}; {_restoring(PROJECT)}") from None
    if fits:
        yield ok("python", f"{have} fits {wanted}")
    else:
        remedy = "make setup PYTHON=… with a version that fits"
        yield fail("python", f"{have} does not fit {wanted} in {PROJECT}", remedy)


def libraries(workspace: Workspace) -> Iterator[Finding]:
    """Check that all libraries are installed, fit each other, and have the pinned versions."""
    direct = [_requirement(text, PROJECT) for text in _project(workspace).get("dependencies", [])]
    if broken := list(_broken(direct)):
        yield fail("libraries", listing(broken), "make setup installs the pinned versions")
    yield from _differing(workspace, {requirement.name for requirement in direct})


def _project(workspace: Workspace) -> dict[str, Any]:
    file = workspace.home / PROJECT
    if not file.is_file():
        raise ConfigError(f"{PROJECT} does not exist; go to the root of the repository")
    try:
        return dict(tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}))
    except ValueError as error:
        raise ConfigError(f"{PROJECT}: {error}; {_restoring(PROJECT)}") from None


def _requirement(text: str, where: Path) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        is_own = where in (PROJECT, CONSTRAINTS)
        remedy = _restoring(where) if is_own else "make setup installs it again"
        raise ConfigError(f"{where}: {text}: {reason}; {remedy}") from None


def _restoring(file: Path) -> str:
    return f"fix the file, or restore the committed one: git restore {file}"


def _installed(name: str) -> Distribution | None:
    """Return the installed distribution; None if it is missing or incompletely installed."""
    try:
        found = distribution(name)
        return found if found.metadata["Version"] else None
    except (PackageNotFoundError, FileNotFoundError):
        return None


def _broken(direct: list[Requirement]) -> Iterator[str]:
    """Describe the libraries that are missing or do not fit, with all that libraries require."""
    pending = [(requirement, str(PROJECT)) for requirement in direct]
    seen = set()
    while pending:
        requirement, dependent = pending.pop()
        found = _installed(requirement.name)
        if found is None:
            yield f"{requirement.name} is missing, which {dependent} requires"
            continue
        if not requirement.specifier.contains(found.version, prereleases=True):
            yield f"{dependent} requires {requirement}, but {found.version} is installed"
        extras = frozenset(requirement.extras) or frozenset({""})
        if (requirement.name, extras) in seen:
            continue
        seen.add((requirement.name, extras))
        for text in found.requires or ():
            needed = _requirement(text, Path(requirement.name))
            if not needed.marker or any(needed.marker.evaluate({"extra": e}) for e in extras):
                pending.append((needed, requirement.name))


def _differing(workspace: Workspace, direct: set[str]) -> Iterator[Finding]:
    """Compare with constraints.txt; the finding names all libraries that can change a result."""
    from pipeline.workspace.digests import LIBRARIES

    file = workspace.home / CONSTRAINTS
    if not file.is_file():
        yield warn("libraries", f"{CONSTRAINTS} does not exist", f"git restore {CONSTRAINTS}")
        return
    important = {canonicalize_name(name) for name in (*direct, *LIBRARIES)}
    named, others, same = [], 0, 0
    lines = [line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines()]
    for text in filter(None, lines):
        pinned = _requirement(text, CONSTRAINTS)
        found = _installed(pinned.name)
        if found is None:  # of an extra; `_broken` reports what is required
            continue
        if pinned.specifier.contains(found.version, prereleases=True):
            same += 1
        elif canonicalize_name(pinned.name) in important:
            named.append(f"{pinned.name} {found.version} is installed, but {text} is pinned")
        else:
            others += 1
    if named or others:
        rest = [f"other differences from {CONSTRAINTS}: {others}"] if others else []
        remedy = "results may differ in the last bits; make setup installs the pinned versions"
        yield warn("libraries", "; ".join([listing(named), *rest] if named else rest), remedy)
    else:
        yield ok("libraries", f"{same} have the versions in {CONSTRAINTS}")
