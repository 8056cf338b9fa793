"""`python -m benchmarks.xla`: measure what XLA saves, and write the table of `train.xla=auto`.

Each case is trained with and without XLA, in turns, with the determinism that a stage has. Rows of
devices that this machine does not have are kept.
"""

import dataclasses
import json
import math
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks import in_graph
from pipeline.graph import devices
from pipeline.training import xla_table
from pipeline.training.graph import build_training_graph
from pipeline.training.job import TrainingJob
from pipeline.training.loop import run_loop
from pipeline.training.rows import create_rows
from pipeline.training.xla import measure_work
from pipeline.training.xla_table import Measured

FILE = Path(xla_table.__file__)
ROUNDS, RUN_SECONDS, MOST_STEPS = 3, 1.0, 10**6
ORDER = ("one output", "linear", "dense", "convolutional")


@dataclass(frozen=True)
class Case:
    """A training.

    Attributes:
        batch: rows of a step; None: all.
        hidden: units of the hidden layers of a perceptron.
    """

    model: str
    rows: int
    shape: tuple[int, ...]
    batch: int | None
    hidden: tuple[int, ...] = ()
    classes: int = 0

    @property
    def overrides(self) -> list[str]:
        """The overrides of conf/."""
        chosen = [f"model={self.model}", "optimizer.learning_rate=0.001"]
        if self.batch:
            chosen += ["train=minibatch", f"train.batch_size={self.batch}", "optimizer=adam"]
        return [*chosen, f"model.hidden={[*self.hidden]}"] if self.hidden else chosen

    @property
    def source(self) -> str:
        """The case in words."""
        batch = f"batch {self.batch:,}" if self.batch else "full batch"
        hidden = f", hidden {'-'.join(map(str, self.hidden))}" if self.hidden else ""
        return f"{self.rows:,} × {' × '.join(map(str, self.shape))}, {batch}{hidden}"


CASES = (
    Case("linear", 10_000, (8,), 128),
    Case("linear", 100_000, (8,), 1_024),
    Case("linear", 4_000, (4,), None),
    Case("linear", 50_000, (8,), None),
    Case("linear", 500_000, (8,), None),
    Case("linear", 100_000, (200,), None),
    Case("softmax", 10_000, (8,), 128, classes=3),
    Case("softmax", 100_000, (8,), 1_024, classes=3),
    Case("softmax", 1_500, (64,), None, classes=10),
    Case("softmax", 50_000, (784,), 128, classes=10),
    Case("softmax", 100_000, (200,), None, classes=10),
    Case("mlp", 10_000, (8,), 128, (16,)),
    Case("mlp", 100_000, (8,), 1_024, (16,)),
    Case("mlp", 100_000, (32,), 256, (64, 64)),
    Case("mlp", 100_000, (32,), 2_048, (64, 64)),
    Case("mlp", 50_000, (128,), 256, (512, 512), 10),
    Case("mlp", 50_000, (128,), 2_048, (512, 512), 10),
    Case("lenet", 1_280, (8, 8, 1), 128, classes=10),
    Case("lenet", 1_280, (28, 28, 1), 128, classes=10),
)


def measure(case: Case) -> Measured:
    """Measure a case in this process."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(case.rows, math.prod(case.shape))).astype(np.float32)
    label = features.sum(1, keepdims=True)
    if case.classes:
        label = generator.integers(case.classes, size=label.shape).astype(np.float32)
    job, _ = in_graph.describe_job(
        case.overrides, (features, label), case.shape, MOST_STEPS, case.classes
    )
    devices.configure_process(job.settings.device, job.device)
    times = {True: list[tuple[float, float]](), False: list[tuple[float, float]]()}
    for _ in range(ROUNDS):
        for compiled, measured in times.items():
            measured.append(_measure(job.replace(xla=compiled)))
    first, step = (
        {compiled: min(pair[part] for pair in measured) for compiled, measured in times.items()}
        for part in (0, 1)
    )
    work = measure_work(job)
    return Measured(
        device="cpu",
        kind=work.kind,
        products=work.products,
        plain=_round(step[False] * 1e6),
        compiled=_round(step[True] * 1e6),
        seconds=_round(first[True] - first[False]),
        source=case.source,
    )


def _measure(job: TrainingJob) -> tuple[float, float]:
    """Return the seconds of the first call, which compiles, and those of a step in the last."""
    settings, rows = job.settings, create_rows(job)
    training = build_training_graph(job, rows)
    with training.graph.as_default():
        initializer = tf.compat.v1.global_variables_initializer()
    with devices.open_session(training.graph, settings.device, job.device) as session:
        session.run(initializer)
        steps, times = [0], [time.perf_counter()]
        for call in run_loop(training, session, settings, rows):
            steps.append(call.step)
            times.append(time.perf_counter())
            if times[-1] - times[1] > RUN_SECONDS:
                break
    return times[1] - times[0], (times[-1] - times[-2]) / (steps[-1] - steps[-2])


def _round(number: float) -> float:
    return float(f"{number:.2g}")


def write(rows: Sequence[Measured]) -> None:
    """Replace the rows for CPUs in the module of the table."""
    text = FILE.read_text(encoding="utf-8")
    (head, begin, rest), lines = (
        text.partition("CPU = (\n"),
        [f"    {_format(row)},\n" for row in rows],
    )
    _, end, tail = rest.partition("\n)\n")
    FILE.write_text(f"{head}{begin}{''.join(lines)}{end[1:]}{tail}", encoding="utf-8")
    subprocess.run(["ruff", "format", "--quiet", FILE], check=True)


def _format(row: Measured) -> str:
    device, kind, products, *times, source = dataclasses.astuple(row)
    numbers = ", ".join(f"{number:_.12g}" for number in times)
    return f'Measured("{device}", "{kind}", {products:_}, {numbers}, "{source}")'


def main() -> None:
    """Measure each case in a process of its own, and write the table."""
    if len(sys.argv) > 1:
        print(json.dumps(dataclasses.asdict(measure(CASES[int(sys.argv[1])]))))
        return
    rows = []
    for number in range(len(CASES)):
        command = [sys.executable, "-m", "benchmarks.xla", str(number)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(Measured(**json.loads(done.stdout.splitlines()[-1])))
        print(_format(rows[-1]), flush=True)
    write(sorted(rows, key=lambda row: (ORDER.index(row.kind), row.products)))


if __name__ == "__main__":
    main()
