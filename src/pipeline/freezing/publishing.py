"""A frozen model is published after it was proven: in place of an earlier one, or not at all."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.errors import ArtifactError, PipelineError, listing
from pipeline.freezing import job as jobs
from pipeline.freezing.job import GRAPH, SAVED_MODEL, Job, Written
from pipeline.graphdef import examine, locate
from pipeline.graphdef.locate import ModelFiles
from pipeline.models.metadata import foreign_sidecar, sealing
from pipeline.models.metadata.foreign_sidecar import ForeignSidecar
from pipeline.repository import limited
from pipeline.repository.limited import EndedEarlyError, Limits
from pipeline.verification import checking
from pipeline.verification.request import Request
from pipeline.verification.verdict import Outcome, Report, parse_report
from pipeline.workspace import files

WORKER = "pipeline.freezing.worker"

# What a folder holds that this module wrote.
RESULTS = (GRAPH, SAVED_MODEL, sealing.FILE)


class UnprovenError(PipelineError):
    """A frozen model does not agree with the model that it was made of; it is not published."""

    def __init__(self, report: Report, folder: Path) -> None:
        super().__init__(
            f"{folder} is not written: the frozen model is not proven ({report.outcome});"
            " see the reasons above"
        )
        self.exit_code = report.outcome.exit_code
        self.report = report


@dataclasses.dataclass(frozen=True)
class Published:
    """A frozen model that was proven."""

    report: Report
    notes: tuple[str, ...]


def freeze(request: Request, folder: Path, limits: Limits) -> Published:
    """Freeze the model that a request names, verify what was written, and publish it in a folder.

    The request names one path, or a graph file and the checkpoint with its values.

    Raises:
        ArtifactError: the model is refused or cannot be frozen, or the folder holds other files.
        UnprovenError: the frozen model does not agree with the model.
        PipelineError: the limits are too low, or the feeds do not fit the model.
    """
    paths = list(map(Path, request.paths))
    for path in paths:
        _require_replaceable(folder, path)
    found = locate.locate(paths[0])
    for path in paths[1:]:
        found = locate.join(found, locate.locate(path))
    examine.examine(found, frozenset(request.trust), request.outputs)
    with files.replacing(folder) as partial:
        partial.mkdir()
        written = _write(Job(request, str(partial)), limits)
        report = checking.check(_add_forms(request, partial), limits)
        if report.outcome is not Outcome.AGREES:
            raise UnprovenError(_rename(report, {str(partial): str(folder)}), folder)
        verdict = _rename(report, {f"{partial}/": "", **{str(one): one.name for one in paths}})
        described = _describe(written, verdict, found, partial)
        foreign_sidecar.write(described, partial / sealing.FILE)
    return Published(_rename(report, {str(partial): str(folder)}), written.notes)


def _require_replaceable(folder: Path, model: Path) -> None:
    """Refuse a folder whose contents would be lost, or the file or model itself.

    Raises:
        ArtifactError: the message names what is there.
    """
    if folder.name in ("", ".."):
        raise ArtifactError(f"{folder} has no name; give a folder of its own with -o")
    if folder.exists() and not folder.is_dir():
        raise ArtifactError(f"{folder} is not a folder; give another one with -o")
    if model.resolve().is_relative_to(folder.resolve()):
        raise ArtifactError(f"{model} lies in {folder}, which is replaced; give another with -o")
    names = {file.name for file in folder.iterdir()} if folder.is_dir() else set[str]()
    others = sorted(names.difference(RESULTS))
    if others or (names and not foreign_sidecar.is_foreign(folder / sealing.FILE)):
        has = listing(others or sorted(names), 3)
        raise ArtifactError(
            f"{folder} holds other files than a frozen model ({has}); give a new folder with -o"
        )


def _write(job: Job, limits: Limits) -> Written:
    try:
        return jobs.WRITTEN.validate_python(limited.ask(WORKER, jobs.to_json(job), limits))
    except EndedEarlyError as error:
        raise ArtifactError(f"{job.request.paths[0]} cannot be frozen: {error}") from None


def _add_forms(request: Request, folder: Path) -> Request:
    """Return the request to verify what was written; it is trusted where its model is."""
    forms = (str(folder / GRAPH), str(folder / SAVED_MODEL))
    trust = (*request.trust, *sealing.hash_files(folder).values()) if request.trust else ()
    return dataclasses.replace(request, paths=(*request.paths, *forms), trust=trust)


def _describe(written: Written, report: Report, model: ModelFiles, folder: Path) -> ForeignSidecar:
    """Return the sidecar; the report names no folder of this machine."""
    verdict = report.to_json()
    return ForeignSidecar(
        interface=written.interface,
        made_of={file.name: files.sha256(file) for file in _files_of(model)},
        versions=verdict.pop("versions"),
        verdict=verdict,
        notes=written.notes,
        onednn=written.onednn,
        hashes=sealing.hash_files(folder),
    )


def _files_of(model: ModelFiles) -> Iterator[Path]:
    """Yield the files that the graph and the values of a model are in."""
    if model.file:
        yield model.file
    if model.prefix:
        folder, _, name = model.prefix.rpartition("/")
        for pattern in (f"{name}.index", f"{name}.data-*"):
            yield from sorted(Path(folder).glob(pattern))


def _rename(report: Report, names: Mapping[str, str]) -> Report:
    """Return a report with other names of files in all its texts."""
    text = json.dumps(report.to_json())
    for old, new in names.items():
        text = json.dumps(new)[1:-1].join(re.split(_pattern(old), text))
    return parse_report(json.loads(text))


def _pattern(path: str) -> str:
    """Return what matches a path in JSON, and no variable or tensor that a relative one begins."""
    escaped = re.escape(json.dumps(path)[1:-1])
    is_unique = Path(path).is_absolute() or files.PARTIAL in path
    return escaped if is_unique else rf"(?<![\w./-]){escaped}(?![\w/-])"
