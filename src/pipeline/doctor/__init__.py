"""What stands in the way of a run on this machine and in this repository, and its mending.

Each check is a function that yields findings. They come in an order in which a mended one frees
the next: who trains where nobody should is known before what is left behind is judged.
"""

import importlib
from collections.abc import Callable, Iterator

from pipeline.doctor import device
from pipeline.doctor.finding import Finding, Level, fail
from pipeline.errors import PipelineError, from_system, one_line

Check = Callable[[], Iterator[Finding]]

# Imported one by one: what cannot be imported is a finding, and the others go on.
CHECKS = (
    "installation.python",
    "installation.libraries",
    "space.disk",
    "orphans.orphans",
    "work.others",
    "git.head",
    "git.merge",
    "repository.dvc",
    "repository.locks",
    "repository.parameters",
    "tracking.spool",
    "tracking.store",
    "leftovers.resume",
    "leftovers.partials",
)


def run(fix: bool) -> int:
    """Check everything, printing findings as they come; returns the exit code.

    Args:
        fix: mend what can be mended, and look again.
    """
    left: list[Finding] = []
    with device.meanwhile() as devices:
        for name in CHECKS:
            left += _checked(name, fix)
        left += _shown(findings("device.devices", devices))
    failed = sum(finding.level is Level.FAIL for finding in left)
    mendable = sum(finding.fix is not None for finding in left)
    if mendable and not fix:
        print(f"`pipeline doctor --fix` mends {mendable} of these")
    return 1 if failed else 0


def findings(name: str, check: Check | None = None) -> Iterator[Finding]:
    """Yield what a check finds; what it needs and cannot have is a finding, too.

    Args:
        name: module and function of the check; it is imported only now.
        check: to call in its place.
    """
    module, _, function = name.partition(".")
    try:
        imported = None if check else importlib.import_module(f"pipeline.doctor.{module}")
        yield from (check or getattr(imported, function))()
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "pipeline":
            raise
        yield fail(function, f"cannot be checked: {one_line(error)}", "make setup")
    except OSError as error:
        yield fail(function, f"cannot be checked: {from_system(error)}")
    except PipelineError as error:
        yield fail(function, one_line(error))


def _checked(name: str, fix: bool) -> list[Finding]:
    """Print what a check finds, mend it if asked, and return what is left."""
    found = _shown(findings(name))
    return _shown(findings(name)) if fix and _mend(found) else found


def _shown(found: Iterator[Finding]) -> list[Finding]:
    shown = []
    for finding in found:
        print(finding, flush=True)
        shown.append(finding)
    return shown


def _mend(found: list[Finding]) -> bool:
    """Apply the fixes of findings; tells whether there were any."""
    fixes = [(finding.name, finding.fix) for finding in found if finding.fix]
    for name, fix in fixes:
        try:
            print(f"fixed {name}: {fix()}", flush=True)
        except (PipelineError, OSError) as raised:
            error = from_system(raised) if isinstance(raised, OSError) else raised
            print(f"      {name} is not fixed: {one_line(error)}", flush=True)
    return bool(fixes)
