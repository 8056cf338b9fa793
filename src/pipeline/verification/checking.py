"""Verification as a user asks for it: files are examined first, then a limited process runs them.

Nothing here imports TensorFlow, so that a file is refused before anything could act on it.
"""

import dataclasses
from collections.abc import Container, Mapping
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.graphdef import examine, locate
from pipeline.repository import limited
from pipeline.repository.limited import EndedEarlyError, Limits, ReportedError
from pipeline.verification import request as requests
from pipeline.verification.request import Request
from pipeline.verification.verdict import FormVerdict, Outcome, Report, parse_report

WORKER = "pipeline.verification.worker"


def check(request: Request, limits: Limits) -> Report:
    """Return the verdict on all forms; those that could act on the machine are never loaded.

    Raises:
        PipelineError: the feeds cannot be read, or do not fit the model.
    """
    refused: dict[int, FormVerdict] = {}
    for position, path in enumerate(request.paths):
        try:
            examine.examine(locate.locate(Path(path)), request.trust, request.outputs)
        except ArtifactError as error:
            refused[position] = _refuse(path, str(error))
    kept = _without(request, refused)
    is_left = kept.paths or (request.url and request.proof)
    return _insert(refused, _run(kept, limits) if is_left else _nothing())


def _run(request: Request, limits: Limits) -> Report:
    """Verify in one process; a form that ends the process is refused, and the others are judged."""
    try:
        return _ask(request, limits)
    except EndedEarlyError as error:
        blamed = _find_blamed(request, limits)
        if blamed and (kept := _without(request, blamed)).paths:
            return _insert(blamed, _run(kept, limits))
        names = request.paths or (request.url or "",)
        together = "all forms together: " if len(names) > 1 else ""
        all_ = {n: _refuse(name, f"{together}{error}") for n, name in enumerate(names)}
        return _insert({**all_, **blamed}, _nothing())


def _find_blamed(request: Request, limits: Limits) -> dict[int, FormVerdict]:
    """Run each of several forms alone; returns those that end the process, by position."""
    blamed: dict[int, FormVerdict] = {}
    for position, path in enumerate(request.paths if len(request.paths) > 1 else ()):
        alone = dataclasses.replace(request, paths=(path,), proof=None, url=None)
        try:
            _ask(alone, limits)
        except EndedEarlyError as error:
            blamed[position] = _refuse(path, str(error))
        except ReportedError:  # what was given does not fit this form: it ends nothing
            continue
    return blamed


def _ask(request: Request, limits: Limits) -> Report:
    return parse_report(limited.ask(WORKER, requests.to_json(request), limits))


def _without(request: Request, forms: Container[int]) -> Request:
    kept = tuple(path for position, path in enumerate(request.paths) if position not in forms)
    return dataclasses.replace(request, paths=kept)


def _insert(verdicts: Mapping[int, FormVerdict], report: Report) -> Report:
    """Put verdicts on forms in their places among the others."""
    forms = list(report.forms)
    for position, verdict in sorted(verdicts.items()):
        forms.insert(position, verdict)
    return dataclasses.replace(report, forms=tuple(forms))


def _refuse(path: str, why: str) -> FormVerdict:
    return FormVerdict(path, "", Outcome.REFUSED, (why,))


def _nothing() -> Report:
    return Report(reference="", executed="", forms=())
