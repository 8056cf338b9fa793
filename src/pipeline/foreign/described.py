"""Whether the files of a model are those that the sidecar beside them describes."""

from pathlib import Path

from pipeline.graphdef.reading.checkpoints import prefix_of
from pipeline.models.forms import checkpoint, frozen_graph, saved_model
from pipeline.models.metadata import hashes, sidecar


def require_described(path: Path) -> None:
    """Refuse files that are not those of the sidecar beside them; other models have none.

    Raises:
        ArtifactError: a file is missing or has another SHA-256, or the sidecar is damaged.
    """
    folder = path.parent if path.name == saved_model.FILE else path
    if found := hashes.read_if_sealed(folder / saved_model.SIDECAR):
        hashes.require_files(found, folder)
    elif found := hashes.read_if_sealed(folder / sidecar.FILE):
        if frozen_graph.FILE in found.hashes:
            hashes.require_files(found, folder, frozen_graph.FILE)
        else:
            checkpoint.find_latest(folder)
    elif found := hashes.read_if_sealed(folder.parent / sidecar.FILE):
        prefix = Path(prefix_of(path)).name
        name = frozen_graph.FILE if folder.name == frozen_graph.FILE else f"{prefix}."
        if any(known.startswith(name) for known in found.hashes):
            hashes.require_files(found, folder.parent, name)
