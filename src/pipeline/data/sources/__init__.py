"""Where examples come from: a registered function for each data source.

The modules are imported to register their sources. A new source goes into the module of its kind,
so that only the schema and conf/ change besides.
"""

from pipeline.data.examples import DERIVATIONS, SOURCES, Examples
from pipeline.data.sources import custom, idx_images, prices, scikit_learn, synthetic, tabular  # noqa: F401
from pipeline.errors import DataError
from pipeline.schema.data import Data
from pipeline.workspace import Workspace

__all__ = ["DERIVATIONS", "SOURCES", "Examples", "read_examples"]


def read_examples(data: Data, workspace: Workspace) -> Examples:
    """Read the examples of the source that the configuration names.

    Raises:
        DataError: The data is missing, unreadable or unsuitable.
    """
    if not workspace.path(data.path).exists():
        raise DataError(f"data.path={data.path}: no such file; give an existing one")
    return SOURCES[data.source](data, workspace)
