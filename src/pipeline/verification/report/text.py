"""The report as text: the verdict on each form, with what differs and where."""

from collections.abc import Iterator, Sequence

from pipeline.verification.verdict import FormVerdict, Outcome, OutputVerdict, Report

# How many differences of a form are listed.
MOST_REASONS = 8

ADVICE = {
    Outcome.OUTPUTS_ONLY: "to accept equal outputs as enough: --outputs-only",
    Outcome.REFUSED: "",
}


def to_text(report: Report) -> str:
    """Return the report as lines of plain text, without characters that draw on a terminal."""
    return "\n".join(map(_printable, _lines(report)))


def _lines(report: Report) -> Iterator[str]:
    if report.reference:
        yield f"reference: {report.reference}, {report.executed or 'not executed'}"
    if report.feeds:
        names = ", ".join(feed.name for feed in report.feeds)
        shapes = ", ".join(f"{n} {list(s)}" for n, s in report.feeds[0].shapes.items())
        yield f"feeds: {names}{f' ({shapes})' if shapes else ''}"
    for form in report.forms:
        yield ""
        yield from _form(form)
    yield ""
    yield from (f"note: {note}" for note in report.notes)
    yield f"verdict: {report.outcome}"
    if advice := ADVICE.get(report.outcome):
        yield advice


def _form(form: FormVerdict) -> Iterator[str]:
    yield f"{form.outcome}: {form.path}{f' ({form.kind})' if form.kind else ''}"
    if form.values:
        yield f"  values   {form.values}"
    if form.outputs:
        yield f"  outputs  {_summarize(form.outputs)}"
        yield f"  allowed  {form.profile}"
    yield from (f"  {reason}" for reason in form.reasons[:MOST_REASONS])
    if (more := len(form.reasons) - MOST_REASONS) > 0:
        yield f"  and {more} more; --json has all"


def _summarize(outputs: Sequence[OutputVerdict]) -> str:
    passed = sum(output.passed for output in outputs)
    parts = [f"{passed} of {len(outputs)} within the profile"]
    differences = [o.max_abs_diff for o in outputs if o.max_abs_diff is not None]
    ulps = [o.max_ulp for o in outputs if o.max_ulp is not None]
    if differences and ulps:
        parts.append(f"largest difference {max(differences):.3g}, {max(ulps)} ULP")
    return ", ".join(parts)


def _printable(line: str) -> str:
    """Escape what a file from others must not send to a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
