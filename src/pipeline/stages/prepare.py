"""Stage `prepare`: reads the data source and writes data/prepared."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pipeline.data import preparation
from pipeline.data.sources import read_examples
from pipeline.workspace import Workspace, files, is_remote

if TYPE_CHECKING:
    from pipeline.schema.settings import Settings

_log = logging.getLogger(__name__)


def run(settings: "Settings", workspace: Workspace) -> None:
    """Read the source, split it, fit the scaling, publish the arrays."""
    path = workspace.path(settings.data.path)
    if is_remote(settings.data.path):
        from pipeline.data import remote  # its clients take time to import

        remote.fetch(settings.data.path, workspace)
    with ThreadPoolExecutor(1) as pool, files.replacing(workspace.prepared) as folder:
        examples = read_examples(settings.data, workspace)
        digest = pool.submit(files.sha256, path)
        folder.mkdir()
        dataset, rows = preparation.prepare(
            settings.data, settings.seed, examples, digest.result, folder
        )
    counts = ", ".join(f"{count:,} {name}" for name, count in rows.items() if count)
    columns = len(dataset.features)
    features = f"{columns} {'feature' if columns == 1 else 'features'} → {dataset.target}"
    _log.info("%s: %s; %s", settings.data.path, features, counts)
