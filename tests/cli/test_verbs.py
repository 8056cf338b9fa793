"""Every module of `pipeline.cli` is a verb, and the parser is cheap to build."""

import pkgutil
import subprocess
import sys

import pytest

from pipeline import cli

# Imports that take a tenth of a second or more.
HEAVY = {"tensorflow", "mlflow", "dvc", "hydra", "omegaconf", "pandas", "numpy", "pydantic"}


NAMES = [verb.__name__.removeprefix("pipeline.cli.") for verb in cli.VERBS]


def test_every_module_is_a_verb():
    modules = [module.name for module in pkgutil.iter_modules(cli.__path__)]
    assert sorted(NAMES) == sorted(name for name in modules if not name.startswith("_"))


@pytest.mark.parametrize("verb", NAMES)
def test_a_verb_has_help_and_both_options(verb, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([verb, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert f"usage: pipeline {verb}" in said
    assert "--quiet" in said
    assert "--verbose" in said


def test_help_imports_nothing_heavy():
    code = "import sys, pipeline.cli; pipeline.cli._parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & {name.partition(".")[0] for name in done.stdout.split()}
