"""Stage `config`: conf/ becomes params.yaml.

When `pipeline run` or `dvc exp run` started this execution, params.yaml has already been composed,
with overrides that conf/ does not know of. It is then checked, put into canonical form and kept.
"""

import os

from omegaconf import OmegaConf

from pipeline import composition, files, parameters

ALREADY_COMPOSED = "PIPELINE_PARAMS_COMPOSED"


def run() -> None:
    """Compose params.yaml, or check the one that was composed with overrides."""
    if os.environ.get("DVC_EXP_NAME") or os.environ.get(ALREADY_COMPOSED):
        for file in files.CONF.rglob("*.yaml"):  # DVC resolves what `composed` refuses
            parameters.refuse_environment(file.read_text(encoding="utf-8"))
        parameters.load(files.PARAMS)
        _, text = composition.completed(OmegaConf.load(files.PARAMS), str(files.PARAMS))
    else:
        _, text = composition.composed()
    composition.publish(text)
