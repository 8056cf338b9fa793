"""`train.xla=auto` measures, and keeps to what it found."""

import re

import pytest

from pipeline.schema.settings import Settings
from pipeline.training.xla import measure_xla

from ..small import examples, job_of


@pytest.fixture
def choose(settings, tmp_path):
    def chosen(*overrides: str, shape: tuple[int, ...] = (32,), task: str = "regression"):
        given: Settings = settings("device=cpu", "train=minibatch", "train.xla=auto", *overrides)
        return measure_xla(job_of(given, tmp_path, examples(2000, shape, task)))

    return chosen


def test_a_short_training_is_not_compiled(choose):
    compiled, why = choose("train.steps=100")
    assert not compiled
    assert re.fullmatch(r"no: the training takes [\d.]+ s without it", why)


@pytest.mark.slow
def test_small_matrix_products_are_compiled_when_there_are_many(choose):
    mlp = ("model=mlp", "model.hidden=[64,64]", "optimizer=adam", "train.batch_size=256")
    compiled, why = choose(*mlp, "train.steps=10_000_000")
    assert compiled, why
    assert re.fullmatch(r"yes: \S+ ms a step after \S+ s to compile, against \S+ ms", why)


@pytest.mark.slow
def test_convolutions_on_a_cpu_are_not(choose):
    compiled, why = choose(
        "model=lenet",
        "optimizer=adam",
        "train.batch_size=32",
        "train.steps=10_000_000",
        shape=(28, 28, 1),
        task="classification",
    )
    assert not compiled, why
    assert why.startswith("no: ")


def test_what_diverges_at_once_is_not_compiled(choose):
    compiled, why = choose("optimizer.learning_rate=1e30", "train.steps=10_000_000")
    assert not compiled
    assert "it cannot be measured (the loss is" in why
