"""A sample of `make torture`: kills at random moments over all stages change nothing."""

import sys

import pytest

from ..conftest import Clone
from ..torture import Torture, Whole

pytestmark = [
    pytest.mark.repro,
    pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux alone"),
]


@pytest.fixture(scope="module")
def torture(template: Clone, whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> Torture:
    return Torture(template, whole, tmp_path_factory.mktemp("torture"))


@pytest.mark.parametrize("seed", range(10))
def test_a_kill_at_a_random_moment(torture: Torture, seed: int):
    torture.kill(seed)
