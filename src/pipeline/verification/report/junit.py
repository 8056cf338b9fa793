"""The report as JUnit XML, which continuous integration shows as a table of tests."""

from pathlib import Path
from xml.etree import ElementTree

from pipeline.verification.verdict import FormVerdict, Outcome, Report
from pipeline.workspace import files


def write(report: Report, path: Path, *, outputs_only: bool) -> None:
    """Write one test for each form: it fails for all that is not proven."""
    suite = ElementTree.Element("testsuite", name="pipeline verify", tests=str(len(report.forms)))
    failures = errors = 0
    for form in report.forms:
        test = ElementTree.SubElement(suite, "testcase", classname=form.kind or "model")
        test.set("name", _clean(form.path))
        if is_good(form, outputs_only):
            continue
        kind = "error" if form.outcome is Outcome.REFUSED else "failure"
        errors, failures = errors + (kind == "error"), failures + (kind == "failure")
        text = ElementTree.SubElement(test, kind, message=form.outcome.value)
        text.text = _clean("\n".join(form.reasons))
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    ElementTree.indent(suite)
    with files.replacing(path) as partial:
        ElementTree.ElementTree(suite).write(partial, encoding="utf-8", xml_declaration=True)


def is_good(form: FormVerdict, outputs_only: bool) -> bool:
    """Tell whether a verdict is what the user asked for."""
    accepted = [Outcome.AGREES, *([Outcome.OUTPUTS_ONLY] if outputs_only else [])]
    return form.outcome in accepted


def _clean(text: str) -> str:
    """Replace what XML cannot hold."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
