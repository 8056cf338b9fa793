"""Outcomes have exit codes, the worst wins, and a report survives its way as JSON."""

import json
from xml.etree import ElementTree

import pytest

from pipeline.verification.report import junit, page, text
from pipeline.verification.verdict import (
    FeedSummary,
    FormVerdict,
    Outcome,
    OutputVerdict,
    Report,
    ValuesVerdict,
    parse_report,
)


def _report(*outcomes, path="model.pb"):
    values = ValuesVerdict(3, 1, ("w differs",), (), ("c",), of_reference=4)
    outputs = (OutputVerdict("y", False, "ones", "it differs", 0.25, 12, 0.5),)
    forms = [
        FormVerdict(path, "graph", o, ("why <b>",), "session", values, outputs) for o in outcomes
    ]
    feeds = (FeedSummary("ones", {"x": (3, 2)}),)
    return Report("checkpoint", "op by op", tuple(forms), feeds, ("a note",), {"numpy": "2"})


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([Outcome.AGREES], 0),
        ([Outcome.AGREES, Outcome.OUTPUTS_ONLY], 11),
        ([Outcome.OUTPUTS_ONLY, Outcome.NOT_PROVABLE], 11),
        ([Outcome.NOT_PROVABLE, Outcome.REFUSED], 6),
        ([Outcome.REFUSED, Outcome.DIFFERS, Outcome.AGREES], 7),
    ],
)
def test_the_worst_wins(outcomes, code):
    assert _report(*outcomes).exit_code(outputs_only=False) == code


def test_equal_outputs_suffice_when_asked():
    assert _report(Outcome.OUTPUTS_ONLY).exit_code(outputs_only=True) == 0
    assert _report(Outcome.NOT_PROVABLE).exit_code(outputs_only=True) == 11


def test_json_round_trip():
    report = _report(Outcome.AGREES, Outcome.DIFFERS)
    assert parse_report(json.loads(json.dumps(report.to_json()))) == report


def test_text_names_all_and_draws_nothing():
    shown = text.to_text(_report(Outcome.DIFFERS, path="\x1b[31mred.pb"))
    assert "\x1b" not in shown
    for part in ("differs", "checkpoint", "0.25", "12 ULP", "why <b>", "a note"):
        assert part in shown


def test_junit_has_a_test_a_form(tmp_path):
    report = _report(Outcome.AGREES, Outcome.DIFFERS, Outcome.REFUSED, path="a\x1b.pb")
    junit.write(report, tmp_path / "junit.xml", outputs_only=False)
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert len(suite.findall("testcase/failure")) == 1


def test_page_escapes_what_a_file_says(tmp_path):
    page.write(_report(Outcome.DIFFERS), tmp_path / "page.html")
    written = (tmp_path / "page.html").read_text()
    assert "why &lt;b&gt;" in written
    assert "why <b>" not in written
