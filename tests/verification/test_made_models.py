"""Models that plain scripts made are found in all their forms, and verified without an alarm."""

from pathlib import Path

import pytest

from pipeline.graphdef.locate import Kind, locate
from pipeline.verification.request import Request
from pipeline.verification.verdict import Outcome, Report
from pipeline.verification.verify import verify

from .made import MODELS
from .made.modules import MODULES
from .made.writing import (
    BUILT,
    BUILT_TEXT,
    CHECKPOINT,
    FROZEN,
    FROZEN_TEXT,
    LITE,
    SAVED,
    SIMPLE,
    Written,
    write,
    write_module,
)

pytestmark = pytest.mark.slow

KINDS = {
    CHECKPOINT: Kind.CHECKPOINT,
    FROZEN: Kind.GRAPH,
    FROZEN_TEXT: Kind.GRAPH,
    BUILT: Kind.SAVED_MODEL,
    BUILT_TEXT: Kind.SAVED_MODEL,
    SIMPLE: Kind.SAVED_MODEL,
    SAVED: Kind.SAVED_MODEL,
    LITE: Kind.TFLITE,
}


def _verify(written: Written, named: bool) -> Report:
    outputs = written.ends.outputs if named else ()
    return verify(Request(tuple(str(path) for path in written.forms.values()), outputs=outputs))


@pytest.mark.parametrize("name", MODELS)
def test_made_model(name: str, tmp_path: Path) -> None:
    made = MODELS[name]
    written = write(made, tmp_path)
    for form, path in written.forms.items():
        assert locate(path).kind is KINDS[form], form
    report = _verify(written, made.needs_names)
    for form, verdict in zip(written.forms, report.forms, strict=True):
        if made.unprovable:
            assert verdict.outcome is Outcome.NOT_PROVABLE, (form, verdict)
            assert made.unprovable in verdict.reasons[0], (form, verdict)
        else:
            expected = Outcome.OUTPUTS_ONLY if form == LITE else Outcome.AGREES
            assert verdict.outcome is expected, (form, verdict)


@pytest.mark.parametrize("name", MODULES)
def test_made_module(name: str, tmp_path: Path) -> None:
    report = _verify(write_module(name, tmp_path), named=False)
    assert [form.outcome for form in report.forms] == [Outcome.AGREES] * len(report.forms), report
