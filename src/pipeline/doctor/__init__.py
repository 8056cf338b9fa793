"""Checks of the machine and the repository for everything that can prevent a run, and fixes.

Each check is a function that yields findings. In this order, a fix can help the checks after it:
running processes are known before leftovers are checked.
"""

import importlib
from collections.abc import Callable, Iterator

from pipeline.doctor import device
from pipeline.doctor.finding import Finding, Level, fail
from pipeline.errors import PipelineError, from_system, one_line
from pipeline.workspace import Workspace

Check = Callable[[Workspace], Iterator[Finding]]

# Imported one by one: a check that cannot be imported is a finding, and the others still run.
CHECKS = (
    "installation.python",
    "installation.libraries",
    "space.disk",
    "processes.orphans",
    "processes.others",
    "git.head",
    "git.merge",
    "repository.dvc",
    "locks.locks",
    "repository.parameters",
    "tracking.spool",
    "tracking.store",
    "leftovers.resume",
    "leftovers.partials",
)


def run(workspace: Workspace, fix: bool, show: Callable[[str], None]) -> int:
    """Run all checks and return the exit code: 1 if a finding prevents a run, else 0.

    Args:
        fix: fix what can be fixed, and check again.
        show: prints one line; it is called for each finding at once.
    """
    left: list[Finding] = []
    with device.check_in_background(workspace) as devices:
        for name in CHECKS:
            found = _show_all(findings(workspace, name), show)
            if fix and _apply_fixes(found, show):
                found = _show_all(findings(workspace, name), show)
            left += found
        left += _show_all(findings(workspace, "device.devices", devices), show)
    fixable = sum(finding.fix is not None for finding in left)
    if fixable and not fix:
        show(f"`pipeline doctor --fix` fixes {fixable} of these")
    return int(any(finding.level is Level.FAIL for finding in left))


def findings(workspace: Workspace, name: str, check: Check | None = None) -> Iterator[Finding]:
    """Yield the findings of a check; a failure of the check itself is a finding, too.

    Args:
        name: module and function of the check, which is imported now.
        check: to call instead of the named function.
    """
    module, _, function = name.partition(".")
    try:
        if check is None:
            check = getattr(importlib.import_module(f"pipeline.doctor.{module}"), function)
        yield from check(workspace)
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "pipeline":
            raise
        yield fail(function, f"cannot be checked: {one_line(error)}", "make setup")
    except OSError as error:
        yield fail(function, f"cannot be checked: {from_system(error)}")
    except PipelineError as error:
        yield fail(function, one_line(error))


def _show_all(found: Iterator[Finding], show: Callable[[str], None]) -> list[Finding]:
    collected = []
    for finding in found:
        show(str(finding))
        collected.append(finding)
    return collected


def _apply_fixes(found: list[Finding], show: Callable[[str], None]) -> bool:
    """Apply the fixes of findings; return whether there are any."""
    fixes = [(finding.name, finding.fix) for finding in found if finding.fix]
    for name, fix in fixes:
        try:
            show(f"fixed {name}: {fix()}")
        except (PipelineError, OSError) as error:
            show(f"      {name} is not fixed: {one_line(from_system(error))}")
    return bool(fixes)
