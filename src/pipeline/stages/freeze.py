"""Stage `freeze`: the checkpoint becomes a frozen graph and a SavedModel, with one signature."""

import dataclasses

from pipeline import files
from pipeline.artifacts import frozen, saved_model, signature
from pipeline.graph.devices import plain_session
from pipeline.settings import Settings


def run(settings: Settings) -> None:
    """Rebuild the inference graph, restore the checkpoint into it, and publish both forms."""
    trained = signature.read(files.CHECKPOINT / signature.FILE)
    with files.replacing(files.SAVED_MODEL) as folder:
        saved_model.write(trained, settings, files.CHECKPOINT, folder)
        signature.write(trained, folder / "assets.extra" / signature.FILE)
    with (
        frozen.restored(trained, files.CHECKPOINT, plain_session) as session,
        files.replacing(files.FROZEN_GRAPH) as file,
    ):
        file.write_bytes(frozen.freeze(session))
    hashes = {path.name: files.sha256(path) for path in (files.FROZEN_GRAPH, files.SAVED_MODEL)}
    signature.write(dataclasses.replace(trained, hashes=hashes), files.SIGNATURE)
    size = files.FROZEN_GRAPH.stat().st_size
    print(f"{files.FROZEN_GRAPH}: {size:,} bytes, step {trained.step:,}")
