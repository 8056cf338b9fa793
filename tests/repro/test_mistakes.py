"""A user's mistake is one message and a non-zero exit, and damages nothing."""

import sys
from pathlib import Path

import pytest

from ..conftest import Clone

pytestmark = pytest.mark.repro


@pytest.fixture(scope="module")
def victim(finished: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One copy for all mistakes: none of them may change it."""
    return finished.copy(tmp_path_factory.mktemp("victim") / "copy")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["optimizer.learning_rat=0.1"], "nearest: optimizer.learning_rate"),
        (["train.steps=many"], "got 'many' (text)"),
        (["data.test_share=2"], "allowed: number > 0 and < 1"),
        (["model=mpl"], "nearest: mlp"),
        (["data.path=nowhere.csv"], "nowhere.csv: no such file"),
        (["device=gpu"], "GPU 0 was looked for"),
        (["device=gpu:1"], "GPU 1 was looked for"),
        (["optimizer.learning_rate=1000"], "the loss is"),
        (["train.batch_size=100000"], "train.batch_size=100000 is more than the 3984"),
    ],
)
def test_a_wrong_parameter(victim: Clone, overrides: list[str], expected: str):
    before = victim.digests()
    output = victim.fail(sys.executable, "-m", "pipeline", "run", *overrides)
    assert expected in output
    assert victim.digests() == before


HEADER = "a,b,y\n"
ROWS = [f"{i},{i * i % 7},{i * 2 + 1}" for i in range(12)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", "own.csv is empty"),
        (HEADER, "has a header but no rows"),
        (HEADER + "1,2,3\n", "1 labelled row"),
        ("a,b,z\n" + "\n".join(ROWS), "no column 'y'"),
        (HEADER + "\n".join([*ROWS, "1,2,oops"]), "column 'y' has text, such as 'oops', in row 13"),
        (HEADER + "\n".join(["1,nan,3", *ROWS]), "column 'b' is empty or NaN in row 1"),
        (HEADER + "\n".join([*ROWS, "inf,2,3"]), "column 'a' is infinite in row 13"),
        (HEADER + "\n".join(f"{i},5,{i}" for i in range(12)), "constant over the 9 training rows"),
    ],
)
def test_a_wrong_table(victim: Clone, tmp_path: Path, lines: str, expected: str):
    (tmp_path / "own.csv").write_text(lines)
    before = victim.digests()
    output = victim.fail(
        sys.executable, "-m", "pipeline",
        "run", "data=csv", f"data.path={tmp_path}/own.csv", "data.target=y",
    )  # fmt: skip
    assert expected in output
    assert victim.digests() == before


def test_after_the_mistakes_the_main_job_is_still_there(victim: Clone, finished: Clone):
    victim.pipeline("run")
    assert victim.digests() == finished.digests()
    assert [run.info.status for run in victim.runs()].count("FINISHED") == 1


def test_a_missing_source_under_plain_repro(copy: Clone):
    before = copy.digests()
    (copy.path / "data/raw/sp500.csv").unlink()
    output = copy.fail("dvc", "repro")  # DVC itself looks for it first
    assert "No such file" in output
    assert "data/raw/sp500.csv" in output
    assert copy.digests() == before


def test_params_that_dvc_composed_are_checked_too(copy: Clone):
    copy.commit()
    before = copy.digests()
    output = copy.fail("dvc", "exp", "run", "-S", "train.steps=0", "-S", "seed=x")
    assert "params.yaml: 2 mistakes" in output
    copy.succeed("git", "checkout", "-qf", "main")
    copy.succeed("dvc", "checkout")
    assert copy.digests() == before
