"""Python and the libraries, against what pyproject.toml and constraints.txt want."""

import platform
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.doctor.finding import Finding, fail, ok, warn
from pipeline.errors import ConfigError, listing

if TYPE_CHECKING:
    from packaging.requirements import Requirement

PROJECT = Path("pyproject.toml")
CONSTRAINTS = Path("constraints.txt")


def python() -> Iterator[Finding]:
    """Check the version of Python."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    wanted, have = _project().get("requires-python", ""), platform.python_version()
    try:
        fits = SpecifierSet(wanted).contains(have, prereleases=True)
    except InvalidSpecifier as error:
        raise ConfigError(f"{PROJECT}: requires-python: {error}") from None
    if fits:
        yield ok("python", f"{have} fits {wanted}")
    else:
        remedy = "make setup PYTHON=… with one that fits"
        yield fail("python", f"{have} does not fit {wanted} in {PROJECT}", remedy)


def libraries() -> Iterator[Finding]:
    """Check that all libraries are there, fit each other, and are those that are pinned."""
    direct = [_requirement(text, PROJECT) for text in _project().get("dependencies", [])]
    if broken := list(_broken(direct)):
        yield fail("libraries", listing(broken), "make setup installs what is pinned")
    yield from _differing({requirement.name for requirement in direct})


def _project() -> dict[str, Any]:
    place = files.root() / PROJECT
    if not place.is_file():
        raise ConfigError(f"there is no {PROJECT} in {place.parent}; run at the repository's root")
    try:
        return dict(tomllib.loads(place.read_text(encoding="utf-8")).get("project", {}))
    except ValueError as error:
        raise ConfigError(f"{PROJECT}: {error}") from None


def _requirement(text: str, where: Path) -> "Requirement":
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise ConfigError(f"{where}: {text}: {str(error).splitlines()[0]}") from None


def _installed(name: str) -> Distribution | None:
    """Return what is installed under a name; nothing where an installation broke off."""
    try:
        found = distribution(name)
        return found if found.metadata["Version"] else None
    except (PackageNotFoundError, FileNotFoundError):
        return None


def _broken(direct: "list[Requirement]") -> Iterator[str]:
    """Say which libraries are missing or do not fit, also those that libraries need."""
    waiting = [(requirement, str(PROJECT)) for requirement in direct]
    seen = set()
    while waiting:
        requirement, wanting = waiting.pop()
        found = _installed(requirement.name)
        if found is None:
            yield f"{requirement.name} is missing, which {wanting} needs"
            continue
        if not requirement.specifier.contains(found.version, prereleases=True):
            yield f"{wanting} needs {requirement}, and {found.version} is installed"
        extras = frozenset(requirement.extras) or frozenset({""})
        if (requirement.name, extras) in seen:
            continue
        seen.add((requirement.name, extras))
        for text in found.requires or ():
            needed = _requirement(text, Path(requirement.name))
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append((needed, requirement.name))


def _differing(direct: set[str]) -> Iterator[Finding]:
    """Compare with constraints.txt; libraries that can change a result are all named."""
    from packaging.utils import canonicalize_name

    from pipeline.identity import LIBRARIES

    place = files.root() / CONSTRAINTS
    if not place.is_file():
        yield warn("libraries", f"there is no {CONSTRAINTS}", "it comes with the repository")
        return
    important = {canonicalize_name(name) for name in (*direct, *LIBRARIES)}
    named, others, same = [], 0, 0
    for line in place.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        pinned = _requirement(text, CONSTRAINTS)
        found = _installed(pinned.name)
        if found is None:  # of an extra; what is needed and missing is said above
            continue
        if pinned.specifier.contains(found.version, prereleases=True):
            same += 1
        elif canonicalize_name(pinned.name) in important:
            named.append(f"{pinned.name} {found.version} is installed, {text} is pinned")
        else:
            others += 1
    if named or others:
        rest = [f"{others} that others need differ from {CONSTRAINTS}"] if others else []
        remedy = "results may differ in their last bits; make setup installs what is pinned"
        yield warn("libraries", "; ".join([listing(named), *rest] if named else rest), remedy)
    else:
        yield ok("libraries", f"{same} are as {CONSTRAINTS} pins them")
