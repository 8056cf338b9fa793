"""The table docs/failures.md: what goes wrong, what the program says, and the test that shows it.

A test asks for the fixture `failure`, lets the real thing happen, and what was said becomes a row.
After each session the failures of the tests that ran must be in the file; `--write-failures`, in a
session that runs all of them, writes it. What is said may differ a little between machines, which
is shown and no error.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import PipelineError

TABLE = Path(__file__).parents[1] / "docs/failures.md"

PROPERTY = "failure"

AREAS = {
    "config": "Configuration",
    "schema": "Configuration",
    "workspace": "Configuration",
    "data": "Data",
    "graph": "Training",
    "training": "Training",
    "models": "Models",
    "inspection": "Models",
    "evaluation": "Parity",
    "tracking": "Tracking",
    "repro": "Whole runs",
    "doctor": "What pipeline doctor finds",
    "experiments": "Reproduction and sweeps",
    "cli": "Commands",
    "stages": "Commands",
    "repository": "Commands",
    "test_security": "Security",
}
OTHER = "Other"

HEADER = """# Failures

What can go wrong, the message, and the test that causes it. Every row comes from its test:
`make failures` runs all tests and writes this page. Exit codes: 2 configuration, 3 data, 4 device,
5 training, 6 artifact, 7 parity, 8 tracking, 9 busy, 1 refused by the operating system,
10 not reproducible, 0 a warning. Earlier results are unchanged after each failure.
"""

# What differs from machine to machine and from run to run.
VOLATILE = [
    (r"[^\s':(]*/pytest-of-\w+/pytest-\d+/(popen-gw\d+/)?[^/\s]+/(copy/)?", ""),
    (r"\.resume/[0-9a-f]{16}", ".resume/NAME"),
    (r"\bpid \d+", "pid N"),
    (r"\d[\d.,]* (bytes|kB|MB|GB|TB)( are)? free", r"N GB\2 free"),
    (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT"),
    (r"\bstep [\d,]+", "step N"),
    (r"rose from \S+ to \S+", "rose from X to Y"),
    (r"largest gradient of \S+", "largest gradient of X"),
]


class Failure:
    """Records what the program said when something went wrong in a test."""

    def __init__(self, folders: list[Path], record: Callable[[str, object], None]) -> None:
        self._folders = folders
        self._record = record

    @contextmanager
    def raises(self, what: str, kind: type[PipelineError], match: str) -> Iterator[None]:
        """Expect the block to raise `kind` with a message that matches, on one line.

        Args:
            what: went wrong, as a reader of the table would say it.
        """
        with pytest.raises(kind, match=match) as caught:
            yield
        assert type(caught.value) is kind
        message = str(caught.value)
        self._add(what, message, caught.value.exit_code)

    def said(self, what: str, output: str, expected: str, exit_code: int = 0) -> None:
        """Expect a line with `expected` in the output of a command, and no traceback.

        A message goes on below a line that ends with a colon or a semicolon.
        """
        assert "Traceback" not in output, output
        lines = output.splitlines()
        first = next((number for number, line in enumerate(lines) if expected in line), None)
        assert first is not None, output
        last = first
        while lines[last].endswith((":", ";")) and lines[last + 1 :]:
            last += 1
        self._add(what, " ".join(lines[first : last + 1]), exit_code)

    def _add(self, what: str, message: str, exit_code: int) -> None:
        for folder in self._folders:
            message = message.replace(f"{folder}/", "")
        message = message.replace(str(TABLE.parents[1]), "the repository")
        for pattern, instead in VOLATILE:
            message = re.sub(pattern, instead, message)
        self._record(PROPERTY, [what[0].upper() + what[1:], " ".join(message.split()), exit_code])


class Table:
    """Gathers the rows of a session, and compares them with docs/failures.md or writes it."""

    def __init__(self, write: bool) -> None:
        self._write = write
        self._rows: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" or not report.passed:
            return
        test = report.nodeid.split("[")[0]
        for name, value in report.user_properties:
            if name == PROPERTY:
                self._rows.setdefault(_area(test), set()).add(_row(*value, test))  # type: ignore[misc]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput") or not self._rows:
            return
        if self._write:
            TABLE.write_text(self._page(), encoding="utf-8")
            return
        have = TABLE.read_text(encoding="utf-8").splitlines()
        other = sorted(set().union(*self._rows.values()).difference(have))
        if other:
            print(f"\n{TABLE.name} has other rows (make failures):", *other, sep="\n")
        if {_key(row) for row in other}.difference(map(_key, have)):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _page(self) -> str:
        parts = [HEADER, f"{sum(map(len, self._rows.values()))} rows.\n"]
        for area in [*dict.fromkeys(AREAS.values()), OTHER]:
            if area in self._rows:
                parts.append(f"## {area}\n")
                parts.append("| what goes wrong | message | exit code | test |\n|---|---|---|---|")
                parts.append("\n".join(sorted(self._rows[area])) + "\n")
        return "\n".join(parts)


def _area(test: str) -> str:
    place = Path(test.split("::")[0]).parts[1]
    return AREAS.get(place.removesuffix(".py"), OTHER)


def _key(row: str) -> tuple[str, str]:
    """Return what goes wrong, and the test."""
    what, _, rest = row.partition(" | `")
    return what, rest.rpartition(" | ")[2]


def _row(what: str, message: str, exit_code: int, test: str) -> str:
    place, _, name = test.partition("::")
    said = message.replace("|", "\\|").replace("`", "'")
    return f"| {what} | `{said}` | {exit_code} | {place.removeprefix('tests/')} `{name}` |"
