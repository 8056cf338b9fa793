"""What the README shows is what the program does."""

import re
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.evaluation.report import results as metrics

from ..conftest import REPOSITORY, Clone

pytestmark = pytest.mark.repro

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])


def test_the_results_shown_are_those_of_the_main_job(finished: Clone):
    for line in metrics.as_table(finished.json("reports/metrics.json")).splitlines():
        name, *cells = re.split(r"\s{2,}", line.rstrip())
        (found,) = re.findall(rf"^{name}\s{{2,}}.*$", README, re.MULTILINE)
        documented = re.split(r"\s{2,}", found.rstrip())[1:]
        if name == "test rows":
            assert documented == cells
        else:
            assert [float(cell) for cell in documented] == pytest.approx(
                [float(cell) for cell in cells], rel=1e-3
            )


def test_the_parity_shown_is_that_of_the_main_job(finished: Clone):
    for form in finished.json("reports/parity.json")["forms"]:
        assert re.search(rf"^  ok   {form['name']} +max difference 0, 0 ULP", README, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path):
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_make_target_is_there(fresh: Clone):
    listed = fresh.succeed("make", "help", "VENV=none")
    for target in re.findall(r"make ([a-z]+(?:-[a-z]+)*)", README + CONTRIBUTING):
        if target not in ("and",):
            assert re.search(rf"^{target} ", listed, re.MULTILINE), target


@pytest.mark.parametrize(
    "line", [line for line in README.splitlines() if line.startswith("pipeline run ")]
)
def test_every_run_shown_composes(line: str, folder: Path, monkeypatch):
    import shlex

    for name in ("houses.csv", "houses.parquet"):
        (folder / name).touch()
    (folder / "conf").symlink_to(REPOSITORY / "conf")
    (folder / "data").symlink_to(REPOSITORY / "data")
    _, _, *arguments = shlex.split(line, comments=True)
    assert cli.main(["run", "--dry-run", *filter(lambda a: a != "--dry-run", arguments)]) == 0
