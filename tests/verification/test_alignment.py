"""Which outputs are compared, where a graph without a signature does not say them."""

import shutil
from pathlib import Path

import pytest

from pipeline.verification.request import Request
from pipeline.verification.verdict import FormVerdict, Outcome
from pipeline.verification.verify import verify

from . import damages
from .made import MODELS, protos
from .made.writing import BUILT, CHECKPOINT, FROZEN, write

pytestmark = pytest.mark.slow


def _verify(*forms: Path) -> list[FormVerdict]:
    return list(verify(Request(tuple(map(str, forms)))).forms)


def test_an_output_that_only_the_reference_ends_in_is_missing(tmp_path: Path) -> None:
    forms = write(MODELS["siamese"], tmp_path).forms
    less = damages.copy_form(forms[FROZEN], tmp_path / "less")
    protos.edit_graph(less, lambda graph: damages.remove_node(graph, "left_code"))
    sound, damaged, again = _verify(forms[CHECKPOINT], less, forms[FROZEN])
    assert (sound.outcome, again.outcome) == (Outcome.AGREES, Outcome.AGREES)
    assert damaged.outcome is Outcome.DIFFERS
    assert damaged.reasons[0].startswith("output left_code is missing")


def test_a_second_result_that_a_signature_lacks_is_no_agreement(tmp_path: Path) -> None:
    forms = write(MODELS["several_outputs_of_operations"], tmp_path).forms
    less = tmp_path / "less"
    shutil.copytree(forms[BUILT], less)
    model = protos.read(less)
    (signature,) = model.meta_graphs[0].signature_def.values()
    (lost,) = (name for name, info in signature.outputs.items() if info.name == "best:1")
    del signature.outputs[lost]
    protos.write_message(less / "saved_model.pb", model)
    for reference in (forms[CHECKPOINT], forms[FROZEN]):
        _, sound = _verify(reference, forms[BUILT])
        assert sound.outcome is Outcome.AGREES, sound
        _, damaged = _verify(reference, less)
        assert damaged.outcome is Outcome.OUTPUTS_ONLY
        assert damaged.reasons[-1].startswith("the reference also gives best:1, which its")
    report = verify(Request((str(forms[FROZEN]), str(less)), outputs=("best:0",)))
    assert report.outcome is Outcome.AGREES  # what is meant was said


def test_loss_and_accuracy_are_no_outputs(tmp_path: Path) -> None:
    forms = write(MODELS["perceptron_with_optimizer"], tmp_path).forms
    for verdict in _verify(forms[CHECKPOINT], forms[FROZEN], forms[BUILT]):
        assert verdict.outcome is Outcome.AGREES, verdict
        assert {output.name for output in verdict.outputs} == {"probabilities", "classes"}
