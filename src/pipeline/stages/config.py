"""Stage `config`: compose params.yaml from conf/.

`pipeline run` and `dvc exp run` have composed params.yaml with overrides before this stage runs. It
is then only checked and written in canonical form.
"""

from pipeline.config import checking, composing
from pipeline.repository import dvc
from pipeline.workspace import Workspace


def run(workspace: Workspace) -> None:
    """Compose params.yaml, or check it if it was composed before."""
    if dvc.is_composed():
        for file in workspace.conf.rglob("*.yaml"):  # DVC has resolved what `compose` refuses
            checking.refuse_environment(file.read_text(encoding="utf-8"))
        values = checking.read_values(workspace.params)
        _, text = composing.complete(values, str(workspace.params), workspace)
    else:
        _, text = composing.compose(workspace)
    composing.publish(text, workspace)
