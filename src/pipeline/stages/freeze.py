"""Stage `freeze`: the checkpoint becomes a frozen graph and a SavedModel, with one signature."""

import dataclasses

from pipeline import files
from pipeline.artifacts import frozen, hashes, saved_model, signature
from pipeline.artifacts.writing import writing
from pipeline.graph.devices import plain_session
from pipeline.settings import Settings


def run(settings: Settings) -> None:
    """Rebuild the inference graph, restore the checkpoint into it, and publish both forms."""
    trained = signature.read(files.CHECKPOINT / signature.FILE)
    with writing(files.SAVED_MODEL), files.replacing(files.SAVED_MODEL) as folder:
        saved_model.write(trained, settings, files.CHECKPOINT, folder)
        signature.write(hashes.signed(trained, folder), folder / saved_model.SIGNATURE)
    with (
        frozen.restored(trained, files.CHECKPOINT, plain_session) as session,
        files.replacing(files.FROZEN_GRAPH) as file,
    ):
        file.write_bytes(frozen.freeze(session))
    found = {
        files.FROZEN_GRAPH.name: files.sha256(files.FROZEN_GRAPH),
        hashes.OF_SAVED_MODEL: files.sha256(files.SAVED_MODEL),
        hashes.OF_CHECKPOINT: files.sha256(files.CHECKPOINT / signature.FILE),
    }
    signature.write(dataclasses.replace(trained, hashes=found), files.SIGNATURE)
    size = files.FROZEN_GRAPH.stat().st_size
    print(f"{files.FROZEN_GRAPH}: {size:,} bytes, step {trained.step:,}")
