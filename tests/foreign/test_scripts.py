"""Every script's model computes the same in a session and op by op, in each of its forms."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.foreign.loading import Choice, Loaded, load
from pipeline.graphdef.locate import locate

from .scripts import SCRIPTS
from .written import feeds, write

pytestmark = pytest.mark.slow  # make check leaves it to make test

FORMS = ("checkpoint", "frozen.pb", "saved_model")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def opened(path: Path, **choice: Any) -> Loaded:
    return load(locate(path), Choice(**choice))


def require_equal(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, array in found.items():
        other = expected[name]
        assert (array.dtype, array.shape) == (other.dtype, other.shape), name
        assert array.tolist() == other.tolist() or array.tobytes() == other.tobytes(), name


@pytest.mark.parametrize("name", SCRIPTS)
def test_forms_agree_bit_for_bit(name: str, folder: Path):
    write(SCRIPTS[name], folder / name)
    paths = [folder / name / form for form in FORMS if (folder / name / form).exists()]
    assert len(paths) >= 2
    results = []
    for path in paths:
        with opened(path) as model:
            given = feeds(model.interface)
            assert model.missing == ()
            session, reference = model.runner(), model.reference()
            assert ("wrap_function" in reference.describe) == needs_a_graph(model), (
                reference.describe
            )
            results.append(session.run(given))
            require_equal(reference.run(given), results[-1])
    for result in results[1:]:
        require_equal(result, results[0])


def needs_a_graph(model: Loaded) -> bool:
    return bool({node.op for node in model.graph.node} & {"Merge", "RefMerge", "TensorArrayV3"})
