"""Describe the data before training, and what in it may give the target away.

Overrides are in Hydra's grammar. Nothing is written. Stage `prepare` writes the same as a page,
reports/data.html.

example: pipeline data data=csv data.path=houses.csv data.target=price
"""

import argparse

from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add overrides."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="or GROUP=OPTION")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Compose the settings as `pipeline run` does, read the source, print its profile."""
    from pipeline.config import composing
    from pipeline.data.profile import measuring
    from pipeline.reporting import data_profile
    from pipeline.stages.prepare import fit

    settings, _ = composing.compose(workspace, arguments.overrides)
    print(data_profile.to_text(measuring.measure(fit(settings, workspace))), end="")
    return 0
