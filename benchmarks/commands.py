"""What users type: whole commands, and the loop in their training against a bare one."""

import re
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import clone
from benchmarks.clone import Clone
from benchmarks.workload import Contender, Job, Setting, Workload

TITLES = {
    "article": "the article's regression, 400,000 steps",
    "mlp": "MLP 32-64-64-1, 1,000,000 rows, batch 256, ten epochs",
    "lenet": "LeNet on handwritten digits, 2,000 steps without early stopping",
}

# What limits the commands.
LIMITS = (
    "the loop has become faster than what is around it: six processes that DVC starts, one after"
    " the other (0.4 s each, and 0.6 s for DVC itself), preparation (3 s for the rows of the MLP),"
    " freezing, six forms that are proven, baselines (2 s for linear regression on a million rows),"
    " figures, and a run in a new store of MLflow. TensorFlow and MLflow are imported meanwhile."
)

# Of the loop in a stage, at most so much more time than a bare loop; of a whole command, at most so
# many times the loop.
BARE = 0.9
COMMANDS = {"article": 4.0, "mlp": 3.0, "lenet": 2.0}


def _overrides(setting: Setting, name: str) -> tuple[str, ...]:
    """Return the overrides of a training, with the number of its steps last."""
    rows = setting.size(1_250_000, 12_500)
    steps = {"article": (400_000, 2_000), "mlp": (39_062, 500), "lenet": (2_000, 20)}[name]
    given = {
        "article": ("experiment=article",),
        "mlp": (
            "data=synthetic", f"data.rows={rows}", "data.columns=32", "model=mlp",
            "model.hidden=[64,64]", "optimizer=adam", "train=minibatch", "train.batch_size=256",
        ),
        "lenet": ("experiment=lenet", "train.validation.every=null"),
    }[name]  # fmt: skip
    return (*given, "device=cpu", f"train.steps={setting.size(*steps)}")


def _whole(name: str) -> Workload:
    limit = COMMANDS[name]
    more = [Contender("its loop alone", "stage_loop", (name,), required=1 / limit)]
    if name == "article":
        script = "the article's script, for as many steps"
        more.append(Contender(script, "script", required=5))
    return Workload(
        name=f"command_{name}",
        module=__name__,
        title=f"`pipeline run` as a whole: {TITLES[name]}",
        unit="one run",
        scale=1,
        result="steps",
        contenders=(Contender("pipeline run", "command", (name,), ours=True), *more),
        limits=LIMITS,
        note="In a fresh clone, with a new MLflow store. The loop alone is training in the"
        " stage `train`, with learning curve, live tracking and checkpoints.",
    )


def _loop(name: str) -> Workload:
    return Workload(
        name=f"loop_{name}",
        module=__name__,
        title=f"The loop in the stage `train`: {TITLES[name]}",
        unit="all steps",
        scale=1,
        result="steps",
        contenders=(
            Contender("in the stage", "stage_loop", (name,), ours=True),
            Contender("bare", "bare_loop", (name,), required=BARE),
        ),
        note="In the stage with learning curve, live tracking, progress and checkpoints, as they"
        " come; bare, the same graph runs with the same determinism and nothing else. Both after"
        " the first call.",
    )


WORKLOADS = (*map(_whole, TITLES), *map(_loop, TITLES))


def command(setting: Setting, name: str) -> Job:
    """`pipeline run` in a fresh clone."""
    repository = clone.fresh(Path(tempfile.mkdtemp(dir=setting.scratch)) / "clone")
    overrides = _overrides(setting, name)
    typed = sys.executable, "-m", "pipeline", "run", *overrides
    return Job(
        lambda: repository.run(*typed),
        1,
        lambda: _count_steps(overrides),
        repeats=1,
        warm_up=False,
        in_children=True,
    )


def script(setting: Setting) -> Job:
    """The article's first script, which saves four times."""
    repository = Clone(Path(tempfile.mkdtemp(dir=setting.scratch)))
    steps = int(_count_steps(_overrides(setting, "article")))
    file, data = (
        clone.REPOSITORY / name for name in ("benchmarks/article/train.py", "data/raw/sp500.csv")
    )
    typed = sys.executable, str(file), str(data), "model", str(steps)
    return Job(
        lambda: repository.run(*typed),
        1,
        lambda: float(steps),
        repeats=1,
        warm_up=False,
        in_children=True,
    )


def stage_loop(setting: Setting, name: str) -> Job:
    """The stage `train` as a process, which tells where its time went."""
    overrides = _overrides(setting, name)
    repository = _prepared(setting, name)
    told: list[dict[str, float]] = []
    return Job(
        lambda: told.append(training_seconds(repository)),
        1,
        lambda: _count_steps(overrides),
        repeats=1,
        warm_up=False,
        in_children=True,
        seconds=lambda: sum(told[-1].values()) - told[-1]["first call"],
    )


def bare_loop(setting: Setting, name: str) -> Job:
    """The same graph in this process, with calls as large as the loop makes them."""
    from benchmarks import pipeline_calls

    repository = _prepared(setting, name)
    calls = pipeline_calls.open_bare_loop(repository.path)
    taken: list[float] = []

    def run() -> None:
        loop = calls()
        next(loop)
        started = time.perf_counter()
        for _ in loop:
            pass
        taken.append(time.perf_counter() - started)

    steps = _count_steps(_overrides(setting, name))
    return Job(run, 1, lambda: steps, repeats=1, warm_up=False, seconds=lambda: taken[-1])


def training_seconds(repository: Clone) -> dict[str, float]:
    """Run the stage `train`, and return the seconds of its training by part."""
    return read_seconds(repository.measure_stage("train", verbose=True).output)


def read_seconds(text: str) -> dict[str, float]:
    """Return the seconds of a training by part, as a verbose run tells them."""
    (told,) = re.findall(r"seconds of the training: (.*)", text)
    parts = (part.rpartition(" ") for part in told.split(", "))
    return {name: float(seconds) for name, _, seconds in parts}


def _prepared(setting: Setting, name: str) -> Clone:
    """Return the clone in which a training can begin; the first contender makes it."""
    repository = Clone(setting.scratch / "prepared")
    if not repository.path.exists():
        clone.fresh(repository.path)
        repository.compose(*_overrides(setting, name))
        repository.run_stages("prepare")
    return repository


def _count_steps(overrides: tuple[str, ...]) -> float:
    return float(overrides[-1].partition("=")[2])
