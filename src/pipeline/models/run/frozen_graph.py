"""The frozen graph in a session."""

from pathlib import Path

from pipeline.graph.runner import Runner
from pipeline.models.forms import frozen_graph
from pipeline.models.metadata import hashes, sidecar
from pipeline.models.run.form import Form, Runtime
from pipeline.models.run.session import SessionRunner


def open_frozen_graph(path: Path, runtime: Runtime) -> Runner:
    """Open a frozen graph, given its file or its folder, after checking its hash."""
    file, found = frozen_graph.locate(path), frozen_graph.read_sidecar(path)
    hashes.require_file(file, found.hashes.get(frozen_graph.FILE))
    session = runtime.open_session(frozen_graph.read_graph(file, runtime.device))
    return SessionRunner(session, found.interface, file)


def _matches(path: Path) -> bool:
    if path.suffix == ".pb":
        return path.is_file() or path.with_name(sidecar.FILE).is_file()
    return sidecar.belongs(frozen_graph.FILE, path)


FORM = Form(
    name="frozen_graph",
    restored_by="frozen graph, import_graph_def",
    reads="frozen",
    open=open_frozen_graph,
    read_sidecar=frozen_graph.read_sidecar,
    matches=_matches,
)
