"""Stage `prepare`: reads the data source and writes data/prepared."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pipeline.data import preparation
from pipeline.data.prepared.dataset import Dataset
from pipeline.data.sources import read_examples
from pipeline.errors import listing
from pipeline.workspace import Workspace, files

if TYPE_CHECKING:
    from pipeline.schema.settings import Settings

_log = logging.getLogger(__name__)


def run(settings: "Settings", workspace: Workspace) -> None:
    """Read the source, split it, fit the scaling, publish the arrays."""
    path = workspace.path(settings.data.path)
    with ThreadPoolExecutor(1) as pool, files.replacing(workspace.prepared) as folder:
        examples = read_examples(settings.data, workspace)
        digest = pool.submit(files.sha256, path)
        folder.mkdir()
        dataset, rows = preparation.prepare(
            settings.data, settings.seed, examples, digest.result, folder
        )
    counts = ", ".join(f"{rows[name]:,} {name}" for name in rows if rows[name] and name != "sample")
    _log.info("%s: %s; %s", settings.data.path, _describe(dataset), counts)


def _describe(dataset: Dataset) -> str:
    """Say what is predicted from what: how many columns, and the names of the first."""
    count = len(dataset.columns)
    numbers = [name for i, name in enumerate(dataset.features) if i not in dataset.encoding.dates]
    dates = [name for name in dataset.features if name not in numbers]
    kinds = {"numbers": numbers, "dates": dates, "text": list(dataset.text)}
    names = "; ".join(f"{kind} {listing(found, 12)}" for kind, found in kinds.items() if found)
    return f"{count} {'feature' if count == 1 else 'features'} → {dataset.target} ({names})"
