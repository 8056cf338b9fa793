"""Describe the data before training, and what in it may give the target away.

Overrides are in Hydra's grammar. Nothing is written. Stage `prepare` writes the same as a page,
reports/data.html.

example: pipeline data data=csv data.path=houses.csv data.target=price
"""

import argparse
import logging

from pipeline.workspace import Workspace

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add overrides."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="or GROUP=OPTION")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Compose the settings as `pipeline run` does, read the source, print its profile.

    Gaps in features are shown also where a run refuses them.
    """
    from pipeline.config import composing
    from pipeline.data.profile import measuring
    from pipeline.reporting import data_profile
    from pipeline.stages import prepare

    settings, _ = composing.compose(workspace, arguments.overrides)
    data = settings.data
    refuses_gaps = data.source == "csv" and data.missing == "fail"
    if refuses_gaps:
        data = data.model_copy(update={"missing": "mean"})
    settings = settings.model_copy(update={"data": data})
    prepare.fetch(settings, workspace)
    examples = prepare.read(settings, workspace)
    profile = measuring.measure(prepare.fit(settings, workspace, examples))
    print(f"\n{data_profile.to_text(profile)}", end="")
    if refuses_gaps and any(profile.omissions.missing.values()):
        what = "a run refuses the missing cells (data.missing=fail); set data.missing=%s"
        _log.warning(what, "drop, mean or median")
    return 0
