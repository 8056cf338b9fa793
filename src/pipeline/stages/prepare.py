"""Stage `prepare`: reads the data source, writes data/prepared and a profile of the data."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pipeline.data import preparation
from pipeline.data.base_model import RAW, BaseModel, read_base_model
from pipeline.data.examples import Examples
from pipeline.data.preparation import Fitted
from pipeline.data.prepared.dataset import Dataset
from pipeline.data.profile import measuring, page
from pipeline.data.sources import read_examples
from pipeline.errors import listing
from pipeline.repository import environment
from pipeline.workspace import Workspace, files, is_remote

if TYPE_CHECKING:
    from pipeline.schema.settings import Settings

_log = logging.getLogger(__name__)


def run(settings: "Settings", workspace: Workspace) -> None:
    """Read the source, split it, fit the encoding, publish the arrays and the profile."""
    path = workspace.path(settings.data.path)
    with ThreadPoolExecutor() as pool, files.replacing(workspace.prepared) as folder:
        fetch(settings, workspace)
        digest = pool.submit(files.sha256, path)
        examples = read(settings, workspace)
        fitted = fit(settings, workspace, examples)
        measured = pool.submit(measuring.measure, fitted)
        folder.mkdir()
        dataset, rows = preparation.write(fitted, digest.result, folder)
        profile = measured.result()
    files.write_text(workspace.profile, page.to_html(profile))
    counts = ", ".join(f"{rows[name]:,} {name}" for name in rows if rows[name] and name != "sample")
    _log.info("%s: %s; %s", settings.data.path, _describe(dataset), counts)
    for leak in profile.leaks:
        _log.warning("%s: %s", settings.data.path, leak)


def fetch(settings: "Settings", workspace: Workspace) -> None:
    """Download a source that is remote."""
    if is_remote(settings.data.path):
        from pipeline.data import remote  # its clients take time to import

        remote.fetch(settings.data.path, workspace)


def read(settings: "Settings", workspace: Workspace) -> Examples:
    """Read the source, which is here."""
    environment.share_freed()
    examples = read_examples(settings.data, workspace)
    environment.return_freed()  # what parsing took
    return examples


def fit(settings: "Settings", workspace: Workspace, examples: Examples) -> Fitted:
    """Split the examples and fit the encoding; writes nothing."""
    return preparation.fit(settings.data, settings.seed, examples, _find_base(settings, workspace))


def _find_base(settings: "Settings", workspace: Workspace) -> BaseModel | None:
    """Return whose encoding the network takes over, if it goes on from a graph."""
    if settings.model.name == "graph":
        return RAW
    if settings.model.name == "transfer":
        return read_base_model(workspace.path(settings.model.graph))
    return None


def _describe(dataset: Dataset) -> str:
    """Say what is predicted from what: how many columns, and the names of the first."""
    count = len(dataset.columns)
    numbers = [name for i, name in enumerate(dataset.features) if i not in dataset.encoding.dates]
    dates = [name for name in dataset.features if name not in numbers]
    kinds = {"numbers": numbers, "dates": dates, "text": list(dataset.text)}
    names = "; ".join(f"{kind} {listing(found, 12)}" for kind, found in kinds.items() if found)
    return f"{count} {'feature' if count == 1 else 'features'} → {dataset.target} ({names})"
