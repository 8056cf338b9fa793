"""Stage `config`: compose params.yaml from conf/ and what was chosen.

`pipeline run` and `dvc exp run` have composed params.yaml with overrides before this stage runs. It
is then only checked and written in canonical form.
"""

import logging

from pipeline.config import checking, chosen, composing
from pipeline.errors import listing
from pipeline.repository import dvc
from pipeline.workspace import Workspace, is_experiment

_log = logging.getLogger(__name__)


def run(workspace: Workspace) -> None:
    """Compose params.yaml, or check it if it was composed before."""
    with chosen.named_in_errors(workspace):
        if dvc.is_composed():
            for file in workspace.conf.rglob("*.yaml"):  # DVC has resolved what `compose` refuses
                checking.refuse_environment(file.read_text(encoding="utf-8"))
            values = checking.read_values(workspace.params)
            _, text = composing.complete(values, str(workspace.params), workspace)
        else:
            _, text = composing.compose_recorded(workspace)
            _tell_lost_edit(text, workspace)
    if choice := str(chosen.read(workspace) or ""):
        # After `pipeline run`, which has said it, this is a detail.
        level = logging.INFO if is_experiment() or not dvc.is_composed() else logging.DEBUG
        _log.log(level, "%s: %s", workspace.chosen, choice)
    composing.publish(text, workspace)


def _tell_lost_edit(text: str, workspace: Workspace) -> None:
    """Warn where params.yaml was edited by hand, which composing undoes."""
    path = workspace.params
    if not path.is_file() or dvc.is_as_written(path, workspace.dvc_lock):
        return
    lost = [line for line in path.read_text("utf-8").splitlines() if line not in text.splitlines()]
    if lost:
        _log.warning(
            "%s was edited (%s), and is written anew from conf/: choose values by `pipeline run"
            " KEY=VALUE`, or edit conf/",
            path,
            listing((line.strip() for line in lost), 3),
        )
