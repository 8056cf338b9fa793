"""Verification as a user asks for it: files are examined first, then a limited process runs them.

Nothing here imports TensorFlow, so that a file is refused before anything could act on it.
"""

import dataclasses
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.graphdef import examine, locate
from pipeline.repository import limited
from pipeline.repository.limited import EndedEarlyError, Limits
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
            refused[position] = FormVerdict(path, "", Outcome.REFUSED, (str(error),))
    paths = tuple(path for n, path in enumerate(request.paths) if n not in refused)
    is_left = paths or (request.url and request.proof)
    report = _run(dataclasses.replace(request, paths=paths), limits) if is_left else _nothing()
    forms = list(report.forms)
    for position, verdict in sorted(refused.items()):
        forms.insert(position, verdict)
    return dataclasses.replace(report, forms=tuple(forms))


def _run(request: Request, limits: Limits) -> Report:
    try:
        return parse_report(limited.ask(WORKER, requests.to_json(request), limits))
    except EndedEarlyError as error:
        names = request.paths or (request.url or "",)
        forms = [FormVerdict(name, "", Outcome.REFUSED, (str(error),)) for name in names]
        return dataclasses.replace(_nothing(), forms=tuple(forms))


def _nothing() -> Report:
    return Report(reference="", executed="", forms=())
