"""A model of 2017 goes through the whole pipeline: trained on, frozen, proven, tracked."""

import pytest

from ..conftest import Clone
from ..old_script import Script, run

pytestmark = pytest.mark.repro


def test_somebody_s_checkpoint_is_trained_on_frozen_and_tracked(fresh: Clone):
    run(fresh.path / "theirs", Script(dropout=True))
    given = (
        "model=graph", "data=diabetes", "model.graph=theirs", "model.input=x", "model.output=pred",
        "model.feeds={keep_prob: 1.0}",
    )  # fmt: skip
    output = fresh.pipeline("run", *given, "train.steps=0")
    assert "100.0% equal" in output
    assert fresh.json("reports/metrics.json")["parity"]["passed"]
    step = ("model.label=y", "model.loss=loss", "model.train_op=train")
    output = fresh.pipeline("run", *given, *step, "train=minibatch", "train.steps=50")
    assert "a training that is killed begins anew" in output
    assert "up to date" in fresh.succeed("dvc", "status")
    assert [run.info.status for run in fresh.runs()] == ["FINISHED", "FINISHED"]
    (fresh.path / "theirs/model-5.index").write_bytes(b"")
    refused = fresh.fail("python", "-m", "pipeline.stages", "train")
    assert "theirs is missing or has changed since params.yaml" in refused
