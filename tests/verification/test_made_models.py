"""Models that plain scripts made are found in all their forms, and verified without an alarm."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pipeline.errors import ArtifactError
from pipeline.foreign.loading import Choice, load
from pipeline.freezing import writing
from pipeline.freezing.job import GRAPH, SAVED_MODEL, Job
from pipeline.graphdef.locate import Kind, locate
from pipeline.graphdef.reading import read_meta_graph
from pipeline.verification.request import Request
from pipeline.verification.verdict import FormVerdict, Outcome
from pipeline.verification.verify import verify

from .made import MODELS
from .made.modules import MODULES
from .made.protos import write_message
from .made.writing import (
    BUILT,
    BUILT_TEXT,
    CHECKPOINT,
    FROZEN,
    FROZEN_TEXT,
    LITE,
    SAVED,
    SIMPLE,
    write,
    write_module,
)

pytestmark = pytest.mark.slow

KINDS = {
    CHECKPOINT: Kind.CHECKPOINT,
    FROZEN: Kind.GRAPH,
    FROZEN_TEXT: Kind.GRAPH,
    BUILT: Kind.SAVED_MODEL,
    BUILT_TEXT: Kind.SAVED_MODEL,
    SIMPLE: Kind.SAVED_MODEL,
    SAVED: Kind.SAVED_MODEL,
    LITE: Kind.TFLITE,
}


OURS, OURS_SAVED = "frozen by pipeline freeze", "SavedModel by pipeline freeze"


def _verify(forms: Mapping[str, Path], outputs: tuple[str, ...]) -> dict[str, FormVerdict]:
    report = verify(Request(tuple(map(str, forms.values())), outputs=outputs))
    return dict(zip(forms, report.forms, strict=True))


def _freeze(paths: Sequence[Path], outputs: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """Freeze a form as `pipeline freeze` does in its process."""
    folder.mkdir()
    writing.write(Job(Request(tuple(map(str, paths)), outputs=outputs), str(folder)))
    return {OURS: folder / GRAPH, OURS_SAVED: folder / SAVED_MODEL}


def _part(checkpoint: Path) -> tuple[Path, Path]:
    """Return the graph of a checkpoint in a file of its own, and a copy of the values."""
    folder = checkpoint.parent.with_name("parted")
    shutil.copytree(checkpoint.parent, folder)
    (folder / f"{checkpoint.name}.meta").unlink()
    graph = read_meta_graph(Path(f"{checkpoint}.meta")).graph_def
    return write_message(folder / "graph.pb", graph), folder / checkpoint.name


@pytest.mark.parametrize("name", [name for name, made in MODELS.items() if not made.unprovable])
def test_made_model(name: str, tmp_path: Path) -> None:
    made = MODELS[name]
    written = write(made, tmp_path)
    outputs = written.ends.outputs if made.needs_names else ()
    for form, path in written.forms.items():
        assert locate(path).kind is KINDS[form], form
    forms = dict(written.forms)
    if made.can_freeze:
        forms |= _freeze([forms[CHECKPOINT]], written.ends.outputs, tmp_path / "ours")
        if written.needed:
            pair = _part(forms[CHECKPOINT])
            parted = _freeze(pair, written.ends.outputs, tmp_path / "joined")
            assert parted[OURS].read_bytes() == forms[OURS].read_bytes()
    else:
        with pytest.raises(ArtifactError, match="HashTable"):
            _freeze([forms[CHECKPOINT]], outputs, tmp_path / "ours")
    for form, verdict in _verify(forms, outputs).items():
        expected = Outcome.OUTPUTS_ONLY if form == LITE else Outcome.AGREES
        assert verdict.outcome is expected, (form, verdict)


@pytest.mark.parametrize("name", [name for name, made in MODELS.items() if made.unprovable])
def test_what_is_to_blame_is_named(name: str, tmp_path: Path) -> None:
    written = write(MODELS[name], tmp_path)
    for form, verdict in _verify(written.forms, ()).items():
        assert verdict.outcome is Outcome.NOT_PROVABLE, (form, verdict)
        assert MODELS[name].unprovable in verdict.reasons[0], (form, verdict)


@pytest.mark.parametrize("name", MODULES)
def test_made_module(name: str, tmp_path: Path) -> None:
    forms = dict(write_module(name, tmp_path).forms)
    if "table" not in name:
        forms |= _freeze([forms[SAVED]], (), tmp_path / "ours")
    for form, verdict in _verify(forms, ()).items():
        assert verdict.outcome is Outcome.AGREES, (form, verdict)


def test_inputs_and_outputs_are_found(tmp_path: Path) -> None:
    """Without a signature, ends are those that the scripts meant, but for what is used again."""
    for made in MODELS.values():
        if made.family in ("dense_nets", "sequences") and not made.needs_names:
            written = write(made, tmp_path / made.name)
            with load(locate(written.forms[CHECKPOINT]), Choice()) as loaded:
                found = loaded.interface
            assert {spec.tensor for spec in found.inputs} == set(written.ends.inputs), made.name
            assert {spec.tensor for spec in found.outputs} <= set(written.ends.outputs), made.name
