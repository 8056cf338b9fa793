"""A process that starts sets its environment once, and a library user need not."""

import os
import subprocess
import sys

import pytest

from pipeline.errors import ConfigError
from pipeline.repository import environment

from ..conftest import REPOSITORY


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """Changes of `os.environ` end with the test."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    ours = (*environment.DEFAULTS, *environment.FORCED, environment.VERBOSITY)
    for name in (*ours, "TF_ENABLE_ONEDNN_OPTS"):
        os.environ.pop(name, None)


def test_what_the_user_has_set_stays():
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "7"
    environment.configure()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "TF_ENABLE_ONEDNN_OPTS" not in os.environ


@pytest.mark.slow
def test_a_backend_of_matplotlib_is_replaced():
    os.environ["MPLBACKEND"] = "module://elsewhere.backend"
    code = (
        "from pipeline.repository import environment; environment.configure();"
        " import matplotlib.pyplot; print(matplotlib.get_backend())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("agg\n", "")


@pytest.mark.parametrize(("onednn", "value"), [(True, "1"), (False, "0")])
def test_the_parameter_onednn_replaces_the_variable(onednn, value):
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "2"
    environment.configure(onednn=onednn)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == value


def test_the_verbosity_is_inherited():
    assert environment.verbosity() == "normal"
    environment.configure(verbosity="quiet")
    assert environment.verbosity() == "quiet"
    os.environ[environment.VERBOSITY] = "loud"
    with pytest.raises(ConfigError, match="PIPELINE_VERBOSITY=loud: choose one of quiet, normal"):
        environment.verbosity()


@pytest.mark.slow
@pytest.mark.parametrize("package", ["pipeline.graph", "pipeline.tracking.address"])
def test_packages_are_imported_without_it_and_change_no_variable(package):
    code = f"import os, {package}; print(*os.environ)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not (environment.DEFAULTS | environment.FORCED).keys() & set(done.stdout.split())
    assert not done.stderr


def test_no_other_module_changes_the_environment():
    changing = {
        str(file.relative_to(REPOSITORY / "src/pipeline"))
        for file in (REPOSITORY / "src/pipeline").rglob("*.py")
        if any(
            text in file.read_text(encoding="utf-8")
            for text in ("os.environ[", "os.environ.setdefault", "os.environ.update", "putenv")
        )
    }
    # A function when a process starts, a child that takes over the environment of its client, a
    # context manager around MLflow, and the model in MLflow, which is in a process of its own.
    assert changing == {
        "repository/environment.py",
        "repository/waiting/process.py",
        "tracking/address.py",
        "tracking/frozen_model.py",
    }


def test_variables_of_dvc_are_known_in_three_modules():
    knowing = {
        str(file.relative_to(REPOSITORY / "src/pipeline"))
        for file in (REPOSITORY / "src/pipeline").rglob("*.py")
        if '"DVC_' in file.read_text(encoding="utf-8")
    }
    # The last cannot import the one before: that takes longer than what it saves.
    known = {"workspace/__init__.py", "repository/dvc.py", "repository/waiting/__init__.py"}
    assert knowing == known
