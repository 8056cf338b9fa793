"""Feeds are found for real models of other people, in the folder that PIPELINE_MODELS names."""

import os
from pathlib import Path

import pytest

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, load
from pipeline.graphdef.locate import locate
from pipeline.verification.feeds import FeedOptions, find_feeds

if "PIPELINE_MODELS" not in os.environ:
    pytest.skip("PIPELINE_MODELS names no folder of models", allow_module_level=True)

ROOT = Path(os.environ["PIPELINE_MODELS"])
MODELS = [line.split("\t")[0] for line in (ROOT / "MANIFEST.tsv").read_text().splitlines()[1:]]


def path_of(name: str) -> Path:
    frozen = ROOT / name / "frozen_model.pb"
    return frozen if frozen.is_file() else ROOT / name


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_can_be_run_gets_feeds(name: str):
    try:
        loaded = load(locate(path_of(name)), Choice())
        runner = loaded.runner()
    except ArtifactError as error:  # what cannot be run is shown where models are loaded
        pytest.skip(str(error))
    with loaded:
        for feed in find_feeds(loaded, FeedOptions(), runner.run):
            assert runner.run(feed.arrays)
