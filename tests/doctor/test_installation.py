"""Python and libraries that are not what the project wants."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.doctor import installation
from pipeline.doctor.finding import Level
from pipeline.errors import ConfigError
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY
from .conftest import one, text

pytestmark = pytest.mark.slow


def test_what_is_pinned_is_installed(place):
    assert one(installation.python(Workspace.here()), Level.OK)
    assert one(installation.libraries(Workspace.here()), Level.OK)


def test_another_python(place):
    place.edit("pyproject.toml", '">=3.11,<3.14"', '">=2.6,<3"')
    assert "does not fit >=2.6,<3" in one(installation.python(Workspace.here()), Level.FAIL).text


def test_other_versions_are_named_when_they_matter(place, failure):
    constraints = place.path / "constraints.txt"
    lines = constraints.read_text().splitlines()
    other = ["numpy==1.0" if line.startswith("numpy=") else line for line in lines]
    other = ["zipp==1.0" if line.startswith("zipp=") else line for line in other]
    constraints.write_text("\n".join([*other, "not-installed==1.0", "  # nothing"]))
    said = text(installation.libraries(Workspace.here()))
    failure.said("another version of a library than is pinned", said, "numpy==1.0 is pinned")
    assert "other differences from constraints.txt: 1" in said
    assert "not-installed" not in said


def test_a_library_is_missing(place, failure):
    place.edit("pyproject.toml", '"pyarrow>=25"', '"pyarow>=25"')
    said = text(installation.libraries(Workspace.here()))
    expected = "pyarow is missing, which pyproject.toml requires"
    failure.said("a library that is not installed", said, expected, 1)


def test_a_library_is_too_old(place, failure):
    place.edit("pyproject.toml", '"pyarrow>=25"', '"pyarrow>=2500"')
    said = text(installation.libraries(Workspace.here()))
    failure.said("a library that is too old", said, "requires pyarrow>=2500, but", 1)


@pytest.mark.slow
def test_a_library_lacks_what_it_needs(place, failure, tmp_path, monkeypatch):
    """Two libraries are installed for real; one needs a third, for an extra that is wanted."""
    for name, needs in (("broken", 'Requires-Dist: gone; extra == "more"'), ("cut", "")):
        metadata = tmp_path / f"libraries/{name}-1.0.dist-info/METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}\n")
    metadata.write_text("")  # the installation broke off
    monkeypatch.syspath_prepend(str(tmp_path / "libraries"))
    place.edit("pyproject.toml", '"pyarrow>=25"', '"broken", "cut"')
    said = text(installation.libraries(Workspace.here()))
    assert "FAIL  libraries: cut is missing, which pyproject.toml requires;" in said
    place.edit("pyproject.toml", '"broken", "cut"', '"broken[more]"')
    said = text(installation.libraries(Workspace.here()))
    failure.said("a library whose own need is missing", said, "gone is missing, which broken", 1)


@pytest.mark.parametrize(
    ("what", "file", "content", "said"),
    [
        ("pyproject.toml that is damaged", "pyproject.toml", "[project", "pyproject.toml: "),
        ("constraints.txt with a wrong line", "constraints.txt", "numpy=1", "numpy=1: "),
    ],
)
def test_damaged_files(place, failure, what, file, content, said):
    (place.path / file).write_text(content)
    with failure.raises(what, ConfigError, said):
        list(installation.libraries(Workspace.here()))


def test_nothing_is_installed(place, tmp_path: Path):
    """A bare Python is told what is missing, and the rest is checked."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    done = place.run(
        str(tmp_path / "bare/bin/python"),
        "-m",
        "pipeline",
        "doctor",
        PYTHONPATH=str(REPOSITORY / "src"),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stdout, done.stdout
    lines = done.stdout.splitlines()
    assert "FAIL  devices: cannot be checked: No module named 'tensorflow'; make setup" in lines
    assert "FAIL  python: cannot be checked: No module named 'packaging'; make setup" in lines
    assert any(line.startswith("ok    disk: ") for line in lines)
