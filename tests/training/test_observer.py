"""The order of the observers, and a training without one of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.training import fit
from pipeline.training.observer import registered

SOURCE = Path(fit.__file__).parents[2]


def test_a_device_is_checked_first_and_points_are_taken_before_they_are_shown():
    names = [kind.__name__ for kind in registered()]
    assert names[:4] == ["Placement", "Repeatability", "EarlyStopping", "LearningCurve"]
    assert sorted(names[4:]) == ["Profile", "TensorBoard"]


@pytest.mark.slow
def test_an_observer_is_its_file_and_one_line(tmp_path):
    copy = tmp_path / "src"
    subprocess.run(["cp", "-r", str(SOURCE), str(copy)], check=True)
    training = copy / "pipeline" / "training"
    (training / "tensorboard.py").unlink()
    lines = (training / "fit.py").read_text().splitlines(keepends=True)
    changed = [line.replace(" tensorboard,", "") for line in lines]
    assert sum(old != new for old, new in zip(lines, changed, strict=True)) == 1
    (training / "fit.py").write_text("".join(changed))
    code = "from pipeline.training import fit, observer; print(len(observer.registered()))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(copy)}, capture_output=True, text=True
    )
    assert done.stdout == "5\n", done.stderr
