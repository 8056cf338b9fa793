"""The configuration: conf/ and overrides are composed to params.yaml, which gives the settings."""

from pipeline.config import checking
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace


def load(workspace: Workspace) -> Settings:
    """Read and check the params.yaml of a workspace.

    Raises:
        ConfigError: the file is missing or unreadable, or does not fit the schema.
    """
    return checking.read_settings(workspace.params)
