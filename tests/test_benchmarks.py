"""The benchmarks run; the ratios they promise hold in small, in the best of several turns."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks import clone, gpu, measuring, pipeline_calls, regression, writing
from benchmarks.workload import BenchmarkError, Contender, Setting, Workload

from .conftest import REPOSITORY
from .models.made import small
from .small import examples

ROUNDS = 8


def times_faster(one: Callable[[], object], other: Callable[[], object]) -> float:
    """Return how many times faster one is than the other."""
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS + 1):  # the first is the warm-up, and is never the best
        for place, work in enumerate((one, other)):
            started = time.perf_counter()
            work()
            best[place] = min(best[place], time.perf_counter() - started)
    return best[1] / best[0]


@pytest.mark.slow
@pytest.mark.parametrize(("xla", "least"), [("false", 3), ("true", 8)])
def test_the_loop_in_the_graph_is_faster_than_feeding_each_step(
    in_repository, tmp_path, xla: str, least: float
):
    setting = Setting(quick=False, scratch=tmp_path)
    in_graph, fed = regression.pipeline(setting, f"train.xla={xla}"), regression.article(setting)
    assert times_faster(in_graph.run, fed.run) > least
    assert in_graph.result() == pytest.approx(fed.result(), rel=1e-5)


@pytest.mark.slow
def test_a_frozen_graph_is_faster_than_eager_execution(tmp_path):
    home = small(tmp_path / "model")
    row = examples()[1].features[:1]
    frozen = pipeline_calls.open_predict(home, "frozen")
    eager = pipeline_calls.open_eager_predict(home, "checkpoint")

    def calls(predict: pipeline_calls.Predict) -> Callable[[], object]:
        return lambda: [predict(row) for _ in range(200)]

    assert times_faster(calls(frozen), calls(eager)) > 4


SMALL = Workload(
    name="small",
    module="benchmarks.regression",
    title="Small",
    unit="1,000 steps",
    scale=1000,
    result="final loss",
    contenders=(
        Contender("NumPy by hand", "numpy_by_hand", ours=True),
        Contender("the same", "numpy_by_hand", required=99, required_memory=0.1, most_rounds=1),
        Contender("not there", "numpy_by_hand", library="a_library_that_is_not_there"),
    ),
    most_memory=1e9,
    limits="there is but one NumPy.",
)


@pytest.mark.slow
def test_contenders_are_measured_in_processes_and_written_down():
    found = measuring.measure(SMALL, rounds=2, quick=True, torch_python=None)
    assert [(m.contender.name, len(m.seconds)) for m in found] == [
        ("NumPy by hand", 2),
        ("the same", 1),
    ]
    assert all(0 < m.median < 1 and m.memory > 1e7 for m in found)
    machine, measured = writing.machine(""), writing.as_json(SMALL, found)
    text = writing.markdown({"machine": machine, "workloads": {"small": measured}})
    assert "| 99× | **no** |" in text
    assert "What limits it: there is but one NumPy." in text
    assert "at most 1.00 GB required: met" in text
    assert "0.1× required: met" in text


def test_a_contender_that_fails_is_named_with_what_it_said():
    broken = Contender("broken", "numpy_by_hand", options=("unexpected",), ours=True)
    with pytest.raises(BenchmarkError, match=r"small, broken failed:[\s\S]*TypeError"):
        measuring.measure(
            Workload("small", "benchmarks.regression", "", "", 1, "", (broken,)), 1, True, None
        )


def test_a_clone_runs_what_git_tracks(tmp_path: Path):
    made = clone.fresh(tmp_path / "clone")
    took = made.measure(sys.executable, "-c", "import pipeline; print(pipeline.__file__)")
    assert str(made.path / "src") in took.output
    assert took.seconds > 0
    assert took.memory > 1e6
    with pytest.raises(BenchmarkError, match="what it said"):
        made.run(sys.executable, "-c", "import sys; sys.exit('what it said')")


def on_gpu(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.gpu", "--quick", "--only", "mlp-256", *words]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_what_is_measured_on_a_gpu_is_tried_on_the_cpu():
    before = {file: file.read_bytes() for file in (REPOSITORY / "docs").glob("benchmarks-gpu.*")}
    done = on_gpu("--device", "cpu", "--contenders", "train.xla=false")
    assert done.returncode == 0, done.stderr
    assert "device /device:CPU:0" in done.stdout
    assert "| pipeline, train.xla=false |" in done.stdout
    assert before == {f: f.read_bytes() for f in (REPOSITORY / "docs").glob("benchmarks-gpu.*")}


@pytest.mark.slow
def test_without_a_gpu_there_is_one_message():
    done = on_gpu()
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("benchmarks: GPU 0 was looked for, and TensorFlow ")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_contender_that_fails_on_a_gpu_costs_no_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TF_USE_LEGACY_KERAS", raising=False)  # of this process alone
    whole = gpu.workloads("cpu")[0]
    broken = Contender("feed_dict that is broken", "feed_dict", options=("lenet",))
    whole = dataclasses.replace(whole, contenders=(broken, *whole.contenders))
    (found,), (failure,) = gpu.measure(whole, "feed_dict", quick=True)
    assert failure.startswith("lenet-128, feed_dict that is broken failed:")
    assert 0 < found.result < 5
