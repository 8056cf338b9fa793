"""Whether the files of a model are those that the sidecar beside them describes."""

from pathlib import Path

from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from pipeline.graphdef.reading.checkpoints import prefix_of
from pipeline.models.forms import checkpoint, frozen_graph, saved_model
from pipeline.models.metadata import hashes, sidecar
from pipeline.models.metadata.foreign_sidecar import ForeignSidecar


def read_signature(file: Path) -> SignatureDef | None:
    """Return the names that `pipeline freeze` wrote beside a graph file; None without them.

    Raises:
        ArtifactError: the sidecar is damaged.
    """
    found = hashes.read_if_sealed(file.with_name(sidecar.FILE))
    if not isinstance(found, ForeignSidecar) or file.name not in found.hashes:
        return None
    signature = SignatureDef()
    for spec in found.interface.inputs:
        signature.inputs[spec.name].name = spec.tensor
    for spec in found.interface.outputs:
        signature.outputs[spec.name].name = spec.tensor
    return signature


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
