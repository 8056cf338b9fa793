"""Damage to a model is seen, in whatever form: a sample of `make damage`, of over 200."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.verification.verdict import Outcome

from . import damages, workshop
from .damage import damage, find_wrong
from .workshop import Result

pytestmark = pytest.mark.slow

# Two of each family, and those whose training computes something else.
SAMPLE = (
    "averaged", "batch_norm_by_hand", "bfloat16_net", "dropout_by_python", "dynamic_rnn_new",
    "embeddings_of_resources", "int8_arithmetic", "lenet", "module_perceptron", "nested_loops_old",
    "siamese", "spectrum", "string_operations", "vocabulary",
)  # fmt: skip
EACH = 15


@pytest.mark.parametrize("name", SAMPLE)
def test_no_damage_passes_for_sound(name: str) -> None:
    found = damage(name, values=EACH, seed=1)
    assert not list(find_wrong(found))
    assert sum(bool(result.kind) for result in found) >= EACH


def test_what_the_runner_calls_wrong() -> None:
    def made(kind: str, outcome: str) -> Result:
        return Result("lenet", "checkpoint", "frozen graph", kind, "w", outcome, "")

    sound, missed = made("", Outcome.AGREES), made("NaN", Outcome.AGREES)
    alarm, seen = made("", Outcome.DIFFERS), made("NaN", Outcome.DIFFERS)
    assert list(find_wrong([sound, missed, alarm, seen])) == [missed, alarm]


@pytest.mark.parametrize("kind", damages.ELEMENT)
@pytest.mark.parametrize("dtype", ["float32", "float16", "complex64", "int8", "bool", "object"])
def test_damage_changes_one_value(kind: str, dtype: str) -> None:
    value = np.array([[b"a", b"bc"], [b"", b"d"]], object)
    if dtype != "object":
        value = np.array([[1, 2], [0, 3]]).astype(dtype)
    changed = damages.ELEMENT[kind](value, np.random.default_rng(0))
    if changed is None:
        assert not dtype.startswith(("float", "complex")), kind
    elif changed.shape == value.shape and kind != "a wrong shape":
        assert (changed != value).sum() == 1


def test_files_keep_what_is_not_damaged(tmp_path: Path) -> None:
    opened = workshop.open_made("partitioned", tmp_path)
    for form, path in opened.written.forms.items():
        values = damages.read_values(path)
        copy = damages.copy_form(path, tmp_path / form)
        damages.write_values(copy, values)
        again = damages.read_values(copy)
        assert values.keys() == again.keys()
        assert all(value.tobytes() == again[name].tobytes() for name, value in values.items())
    opened.close()
