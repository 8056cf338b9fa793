"""A user's mistake is one message and a non-zero exit, and damages nothing."""

import sys
from pathlib import Path

import pytest

from ..conftest import Clone
from ..failures import Failure

pytestmark = pytest.mark.repro


@pytest.fixture(scope="module")
def victim(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One copy for all mistakes: none of them may change it."""
    return finished.copy(tmp_path_factory.mktemp("victim") / "copy")


@pytest.mark.parametrize(
    ("what", "overrides", "expected", "code"),
    [
        ("Key with a typing error", ["optimizer.learning_rat=0.1"], "nearest: optimizer.learn", 2),
        ("Text for a number", ["train.steps=many"], "got 'many' (text)", 2),
        ("Number out of bounds", ["data.test_share=2"], "allowed: number > 0 and < 1", 2),
        ("Option with a typing error", ["model=mpl"], "nearest: mlp", 2),
        ("Source that is not there", ["data.path=nowhere.csv"], "nowhere.csv: no such file", 3),
        (None, ["device=gpu"], "GPU 0 was looked for", 4),  # the reason is that of the machine
        (None, ["device=gpu", "device.index=1"], "GPU 1 was looked for", 4),
        ("Loss that is no longer finite", ["optimizer.learning_rate=1000"], "the loss is", 5),
        ("Batch too large", ["train.batch_size=100000"], "is more than the 3984 training rows", 2),
    ],
)
def test_a_wrong_parameter(
    victim: Clone, failure: Failure, what: str | None, overrides: list[str], expected: str, code
):
    before = victim.digests()
    output = victim.fail(sys.executable, "-m", "pipeline", "run", *overrides)
    assert expected in output
    if what:
        failure.said(what, output, expected, code)
    assert victim.digests() == before


HEADER = "a,b,y\n"
ROWS = [f"{i},{i * i % 7},{i * 2 + 1}" for i in range(12)]


@pytest.mark.parametrize(
    ("what", "lines", "expected"),
    [
        ("Empty file", "", "own.csv is empty"),
        ("Text in a column", HEADER + "\n".join([*ROWS, "1,2,oops"]), "has text, such as 'oops'"),
    ],
)
def test_a_wrong_table(
    victim: Clone, tmp_path: Path, failure: Failure, what: str, lines: str, expected: str
):
    (tmp_path / "own.csv").write_text(lines)
    before = victim.digests()
    output = victim.fail(
        sys.executable, "-m", "pipeline",
        "run", "data=csv", f"data.path={tmp_path}/own.csv", "data.target=y",
    )  # fmt: skip
    failure.said(what, output, expected, 3)
    assert victim.digests() == before


def test_after_the_mistakes_the_main_job_is_still_there(victim: Clone, finished: Clone):
    victim.pipeline("run")
    assert victim.digests() == finished.digests()
    assert [run.info.status for run in victim.runs()].count("FINISHED") == 1


def test_a_missing_source_under_plain_repro(copy: Clone, failure: Failure):
    before = copy.digests()
    (copy.path / "data/raw/sp500.csv").unlink()
    output = copy.fail("dvc", "repro")  # DVC itself looks for it first
    failure.said("Source that has gone, under plain dvc repro", output, "No such file", 255)
    assert "data/raw/sp500.csv" in output
    assert copy.digests() == before


def test_params_that_dvc_composed_are_checked_too(copy: Clone):
    copy.commit()
    before = copy.digests()
    output = copy.fail("dvc", "exp", "run", "-S", "train.steps=-1", "-S", "seed=x")
    assert "params.yaml: 2 mistakes" in output
    copy.succeed("git", "checkout", "-qf", "main")
    copy.succeed("dvc", "checkout")
    assert copy.digests() == before
