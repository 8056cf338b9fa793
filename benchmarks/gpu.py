"""`python -m benchmarks.gpu`: loops as the stage `train` runs them on a GPU, beside others.

Writes docs/benchmarks-gpu.md and .json. It needs neither DVC nor MLflow, and PyTorch in this
interpreter to measure it, too. `--device cpu` tries it where there is no GPU, and only prints.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from benchmarks import lenet, measuring, mlp, writing
from benchmarks.measuring import Measured
from benchmarks.workload import LOSS_ROWS, BenchmarkError, Contender, Job, Setting, Workload

DOCUMENT = Path("docs/benchmarks-gpu.json")

REPEATS = 3  # in the process of a contender, after its warm-up

# Small sizes show that everything runs.
QUICK_BATCH, QUICK_STEPS = 16, 4

ABOUT = (
    "Each contender runs in a process of its own, and the median of three runs counts. Imports,"
    " building, compiling and a first run are warm-up and left out; Keras and PyTorch go on from"
    " there, so their losses are lower. The pipeline runs as in the stage `train`: rows and loop on"
    " the GPU, and only operations that always give the same bits; the others run as their"
    " libraries have it, PyTorch with its rows on the GPU. Factors of products are of float32, or"
    " of TF32, which has ten bits of mantissa: compare like with like. Memory is that of the"
    " process, without the GPU's."
)

CHOOSE = """
import sys
from benchmarks import in_graph
from pipeline.errors import PipelineError
try:
    print(in_graph.configure(f"device={sys.argv[1]}"))
except PipelineError as error:
    sys.exit(f"benchmarks: {error}")
"""


@dataclass(frozen=True)
class Task:
    """A training, as the options of a contender have it.

    Attributes:
        network: name of the benchmark that the network is of, `lenet` or `mlp`.
        device: `gpu`, or `cpu`.
        is_tf32: products may have ten bits of mantissa.
    """

    network: str
    batch: int
    steps: int
    epochs: int
    device: str
    is_tf32: bool

    @classmethod
    def of(cls, setting: Setting, words: tuple[str, ...]) -> Self:
        """Read the options of a contender; small sizes replace theirs."""
        network, batch, steps, epochs, device, arithmetic = words
        return cls(
            network,
            setting.size(int(batch), QUICK_BATCH),
            setting.size(int(steps), QUICK_STEPS),
            setting.size(int(epochs), 1),
            device,
            arithmetic == "tf32",
        )

    @property
    def units(self) -> int:
        """The number of training steps."""
        return self.epochs * self.steps

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of an epoch."""
        make = lenet.images if self.network == "lenet" else mlp.table
        return make(self.steps * self.batch)


def workload(name: str, title: str, sizes: tuple[int, int, int], device: str) -> Workload:
    """Return the contenders of a training.

    Args:
        name: begins with the name of the network's benchmark.
        sizes: batch, steps of an epoch, epochs.
        device: where all of them compute.
    """
    network = name.partition("-")[0]

    def contender(title: str, function: str, *more: str, **given: Any) -> Contender:
        tf32 = "tf32" if title.endswith("TF32") else "float32"
        options = (network, *map(str, sizes), device, tf32, *more)
        return Contender(title, function, options, **given)

    yes, no = "train.xla=true", "train.xla=false"
    return Workload(
        name=name,
        module="benchmarks.gpu",
        title=title,
        unit="100 steps",
        scale=100,
        result=f"loss of {LOSS_ROWS:,} training rows",
        contenders=(
            contender("pipeline, train.xla=true", "pipeline", yes, ours=True),
            contender("pipeline, train.xla=false", "pipeline", no, ours=True),
            contender("pipeline, train.xla=true, TF32", "pipeline", yes, ours=True),
            contender("the article's loop, feed_dict", "feed_dict"),
            contender("Keras fit", "keras_fit"),
            contender("PyTorch by hand", "torch_by_hand", library="torch"),
            contender("PyTorch by hand, TF32", "torch_by_hand", library="torch"),
        ),
    )


def workloads(device: str) -> tuple[Workload, ...]:
    """Return all trainings, on `cpu` or `gpu`."""
    digits, rows = "LeNet, images of 28 × 28, Adam", "MLP 32-64-64-1, Adam"
    return (
        workload("lenet-128", f"{digits}, batch 128", (128, 100, 5), device),
        workload("lenet-4096", f"{digits}, batch 4,096", (4096, 10, 10), device),
        workload("mlp-256", f"{rows}, batch 256", (256, 400, 5), device),
    )


def pipeline(setting: Setting, *words: str) -> Job:
    """The loop in the graph."""
    from benchmarks import in_graph

    task = Task.of(setting, words[:-1])
    device = (f"device={task.device}", f"device.tf32={str(task.is_tf32).lower()}")
    in_graph.configure(*device)
    make = lenet.in_graph_job if task.network == "lenet" else mlp.in_graph_job
    job = make(task.data(), task.batch, task.epochs, (*device, words[-1]))
    return dataclasses.replace(job, repeats=REPEATS)


def feed_dict(setting: Setting, *words: str) -> Job:
    """One `Session.run` a step, each batch fed."""
    task = Task.of(setting, words)
    _choose_products(task)
    make = lenet.fed_job if task.network == "lenet" else mlp.fed_job
    return dataclasses.replace(make(task.data(), task.batch, task.epochs), repeats=REPEATS)


def keras_fit(setting: Setting, *words: str) -> Job:
    """Epochs of `fit`."""
    task = Task.of(setting, words)
    _choose_products(task)
    features, label = task.data()
    if task.network == "lenet":
        features = features.reshape(-1, lenet.SIZE, lenet.SIZE, 1)
    model = (lenet if task.network == "lenet" else mlp).keras_model()

    def run() -> None:
        model.fit(features, label, batch_size=task.batch, epochs=task.epochs, verbose=0)

    def result() -> float:
        rows = slice(LOSS_ROWS)
        return float(model.evaluate(features[rows], label[rows], verbose=0))

    return Job(run, task.units, result, repeats=REPEATS)


def torch_by_hand(setting: Setting, *words: str) -> Job:
    """Batches taken by index from tensors on the device."""
    import torch

    task = Task.of(setting, words)
    torch.set_float32_matmul_precision("high" if task.is_tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = task.is_tf32
    place = torch.device("cuda" if task.device == "gpu" else "cpu")
    features, label = (torch.from_numpy(rows).to(place) for rows in task.data())
    measure_loss, network = torch.nn.functional.mse_loss, mlp
    if task.network == "lenet":
        features = features.reshape(-1, 1, lenet.SIZE, lenet.SIZE)
        label = label[:, 0].long()
        measure_loss, network = torch.nn.functional.cross_entropy, lenet
    model = network.torch_model().to(place)
    optimizer = torch.optim.Adam(model.parameters(), network.RATE)

    def run() -> None:
        model.train()
        for _ in range(task.epochs):
            for rows in torch.randperm(len(label), device=place).reshape(-1, task.batch):
                optimizer.zero_grad()
                measure_loss(model(features[rows]), label[rows]).backward()
                optimizer.step()
        if task.device == "gpu":
            torch.cuda.synchronize()

    def result() -> float:
        model.eval()
        rows = slice(LOSS_ROWS)
        with torch.no_grad():
            return float(measure_loss(model(features[rows]), label[rows]))

    return Job(run, task.units, result, repeats=REPEATS)


def _choose_products(task: Task) -> None:
    """Let TensorFlow compute products of ten bits of mantissa, or not."""
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(task.is_tf32)


def choose(device: str) -> str:
    """Return the device in words, from a process of its own, which takes and leaves the GPU.

    Raises:
        BenchmarkError: there is none.
    """
    command = [sys.executable, "-c", CHOOSE, device]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(done.stderr.strip().rpartition("benchmarks: ")[2])
    return done.stdout.splitlines()[-1]


def main(arguments: argparse.Namespace) -> None:
    """Measure the chosen trainings, print them, and write what a GPU did in full size."""
    device, libraries = choose(arguments.device), writing.machine(measuring.torch_version(None))
    document: dict[str, Any] = {"machine": {"device": device, **libraries}, "workloads": {}}
    is_whole = not (arguments.quick or arguments.only or arguments.contenders)
    failures: list[str] = []
    for each in workloads(arguments.device):
        if each.name not in (arguments.only or each.name):
            continue
        results, failed = measure(each, arguments.contenders, arguments.quick)
        failures += failed
        if any(found.contender.ours for found in results):
            document["workloads"][each.name] = writing.as_json(each, results)
        if arguments.device == "gpu" and is_whole:
            DOCUMENT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
            DOCUMENT.with_suffix(".md").write_text(markdown(document), encoding="utf-8")
    print(markdown(document))
    if failures:
        raise BenchmarkError("\n".join(failures))


def measure(whole: Workload, text: str, quick: bool) -> tuple[list[Measured], list[str]]:
    """Measure contenders with a text in their names; return what failed besides, as messages."""
    results, failures = [], []
    for contender in whole.contenders:
        if text in contender.name:
            alone = dataclasses.replace(whole, contenders=(contender,))
            try:
                results += measuring.measure(alone, 1, quick, None)
            except BenchmarkError as error:  # the others cost minutes of a GPU
                failures.append(str(error))
    return results, failures


def markdown(document: dict[str, Any]) -> str:
    """Return docs/benchmarks-gpu.md."""
    machine = ", ".join(f"{name} {value}" for name, value in document["machine"].items())
    lines = ["# Benchmarks on a GPU", "", f"Made by `make bench-gpu` on {machine}.", "", ABOUT, ""]
    for each in document["workloads"].values():
        lines += writing.section_of(each)
    return "\n".join(lines).rstrip() + "\n"


def _parser() -> argparse.ArgumentParser:
    names = [each.name for each in workloads("gpu")]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument(
        "--contenders", default="", metavar="TEXT", help="those with this text in their names"
    )
    parser.add_argument("--quick", action="store_true", help="run small sizes and print the result")
    return parser


if __name__ == "__main__":
    try:
        main(_parser().parse_args())
    except BenchmarkError as error:
        sys.exit(f"benchmarks: {error}")
