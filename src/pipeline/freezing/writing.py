"""Writes the forms of a frozen model; this happens in the limited process."""

import os
from contextlib import ExitStack
from pathlib import Path

from pipeline.errors import ArtifactError
from pipeline.foreign.freezing import saved_model
from pipeline.foreign.freezing.freeze import freeze
from pipeline.freezing.job import GRAPH, SAVED_MODEL, Job, Written
from pipeline.graph.devices import ONEDNN
from pipeline.verification.opening import open_all

AVERAGES = "values of variables are their moving averages"


def write(job: Job) -> Written:
    """Freeze a model, and write it as a graph file and as a SavedModel.

    Raises:
        ArtifactError: the model cannot be loaded or frozen; the message names the node.
    """
    request, folder = job.request, Path(job.folder)
    with ExitStack() as stack:
        opened = open_all(request, stack)[0]
        if opened.loaded is None:
            raise ArtifactError(opened.refusal)
        if len(request.paths) > 1 and opened.loaded.files.prefix is None:
            graph, checkpoint = request.paths
            raise ArtifactError(f"{graph} has all its values; leave out {checkpoint}")
        frozen = freeze(opened.loaded)
    (folder / GRAPH).write_bytes(frozen.to_bytes())
    saved_model.write(
        frozen,
        folder / SAVED_MODEL,
        tags=request.tags or (saved_model.SERVE,),
        signature=request.signature or saved_model.DEFAULT,
    )
    notes = (*frozen.notes, AVERAGES) if request.ema else frozen.notes
    return Written(frozen.interface, notes, onednn=os.environ.get(ONEDNN) != "0")
