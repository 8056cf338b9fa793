"""Stage `freeze`: the checkpoint becomes a frozen graph and SavedModels, each with a sidecar."""

import dataclasses
import logging
from typing import TYPE_CHECKING

from pipeline.graph.devices import choose_device, configure_process
from pipeline.models.forms import checkpoint, frozen_graph, saved_model
from pipeline.models.metadata import hashes, sidecar
from pipeline.schema.training.device import Arithmetic
from pipeline.workspace import Workspace, files

if TYPE_CHECKING:
    from pipeline.schema.settings import Settings

_log = logging.getLogger(__name__)


def run(settings: "Settings", workspace: Workspace) -> None:
    """Rebuild the inference graph, restore the checkpoint into it, and publish all forms."""
    device, _ = choose_device(settings.device)
    configure_process(settings.device, device)
    folder, graph = workspace.checkpoint, workspace.frozen_graph
    # What was trained on a GPU may be frozen and proven on a CPU.
    arithmetic = Arithmetic.of(settings.device, device)
    trained = dataclasses.replace(checkpoint.read_sidecar(folder), arithmetic=arithmetic)
    saved_model.write(trained, workspace, folder, workspace.saved_model)
    saved_model.write_tagged(trained, settings, workspace, folder, workspace.saved_model_tagged)
    frozen_graph.write(trained.recipe.inference, workspace, folder, graph)
    saved_models = (workspace.saved_model, workspace.saved_model_tagged)
    found = {
        graph.name: files.sha256(graph),
        **{saved.name: files.sha256(saved) for saved in saved_models},
        hashes.CHECKPOINT: files.sha256(folder / sidecar.FILE),
    }
    sidecar.write(dataclasses.replace(trained, hashes=found), workspace.sidecar)
    size, step = graph.stat().st_size, trained.recipe.step
    _log.info("%s: %s bytes, step %s", graph, f"{size:,}", f"{step:,}")
