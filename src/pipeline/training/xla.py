"""XLA: whether `train.xla=auto` compiles the training, and what XLA cannot compile.

The answer comes from a table of measurements, not from a clock, as compiling changes last bits: the
same training on the same kind of device is always compiled, or never.
"""

import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import tensorflow as tf

from pipeline.errors import ConfigError
from pipeline.graph.layers import MAX_ONE_HOT
from pipeline.schema.training import model as schema
from pipeline.training.batches import choose_batch_size
from pipeline.training.job import TrainingJob, has_one_output
from pipeline.training.xla_table import TABLE, Kind, Measured

_log = logging.getLogger(__name__)

# Compiled, a training must take at most this share of the time: others' machines differ.
MARGIN = 0.9
# Compiled by request, a training gets a warning if it probably takes this many times as long.
MUCH_SLOWER = 1.5

FRAME = re.compile(r"\s|$|Graph execution error|Detected at node|Node: ")
GRAPH = re.compile(r" when trying to compile graph \S+ on \S+:")  # its name has a counter


@dataclass(frozen=True)
class Work:
    """What decides, besides the number of steps.

    Attributes:
        device: kind of the device, `cpu` or `gpu`.
        kind: kind of the network; None for one that nobody can measure for others.
        products: products in a step's forward pass, rows × weights that a row meets.
    """

    device: str
    kind: Kind | None
    products: int


def decide_xla(job: TrainingJob) -> TrainingJob:
    """Return the job with `train.xla=auto` decided; the answer and its reason are logged.

    Whether rows are streamed does not matter, as streamed and held rows lead to the same bytes.
    """
    train = job.settings.train
    if train.xla is True:
        _warn_if_slower(measure_work(job))
    if train.xla != "auto":
        return job
    reason = _find_obstacle(job)
    compiled, reason = (False, reason) if reason else choose(measure_work(job), train.steps)
    _log.info("train.xla=auto: %s; %s", "yes" if compiled else "no", reason)
    return job.replace(xla=compiled)


def choose(work: Work, steps: int) -> tuple[bool, str]:
    """Return whether the table says that so many steps end sooner compiled, and why."""
    row = _find_similar(work)
    if row is None:
        return False, f"this kind of network was not measured on a {work.device.upper()}"
    least = least_steps(row)
    if least is None:
        return False, (
            f"it would not be faster, {row.compiled:,g} µs a step against {row.plain:,g} for a"
            f" similar network on a {row.device.upper()}"
        )
    return steps >= least, f"it is faster from {least:,} steps on"


def _find_similar(work: Work) -> Measured | None:
    rows = [row for row in TABLE if (row.device, row.kind) == (work.device, work.kind)]
    distances = [abs(math.log(max(work.products, 1) / row.products)) for row in rows]
    return rows[distances.index(min(distances))] if rows else None


def _warn_if_slower(work: Work) -> None:
    row = _find_similar(work)
    if row and row.compiled > MUCH_SLOWER * row.plain:
        _log.warning(
            "train.xla=true: a step of a similar network takes %s µs compiled, and %s µs not, on a"
            " %s; train.xla=auto compiles what gets faster",
            f"{row.compiled:,g}", f"{row.plain:,g}", row.device.upper(),
        )  # fmt: skip


def least_steps(row: Measured) -> int | None:
    """Return the number of steps from which compiling pays; None: from none."""
    saved = MARGIN * row.plain - row.compiled
    return math.ceil(row.seconds * 1e6 / saved) if saved > 0 else None


def measure_work(job: TrainingJob) -> Work:
    """Return what decides about a job."""
    rows = len(job.split.label)
    batch = choose_batch_size(job.settings.train, rows) or rows
    # Columns of codes are one-hot, and embedded where they would be wider.
    depths = sum(min(depth, MAX_ONE_HOT) for depth in job.model.encoding.depths)
    kind, products = _count_products(
        job.model.network, job.model.shape, job.split.features.shape[1] + depths, job.model.outputs
    )
    return Work("gpu" if "GPU" in job.device else "cpu", kind, batch * products)


def _find_obstacle(job: TrainingJob) -> str:
    """Return why a job is not compiled, whatever the table says; empty if there is nothing."""
    if getattr(job.settings.model, "loss", None) is not None:
        return "with model.loss there is no loop in the graph"
    if job.settings.device.placement:
        return "XLA compiles for one device, and device.placement names others"
    return ""


def _count_products(
    network: schema.Network, shape: tuple[int, ...], inputs: int, outputs: int
) -> tuple[Kind | None, int]:
    """Return the kind of a network, and how many products its forward pass takes for a row."""
    match network:
        case schema.Linear() | schema.Softmax():
            kind: Kind = "one output" if has_one_output(network, outputs) else "linear"
            return kind, inputs * outputs
        case schema.Polynomial():
            return "linear", inputs * network.degree * outputs
        case schema.Mlp():
            return "dense", _dense([inputs, *network.hidden, outputs])
        case schema.Siamese():
            return "dense", 2 * _dense([inputs // 2, *network.hidden, network.embedding])
        case schema.Lenet():
            return "convolutional", _convolutional(network, shape, outputs, size=5, repeats=1)
        case schema.Vgg():
            return "convolutional", _convolutional(network, shape, outputs, size=3, repeats=2)
        case _:
            return None, 0


def _dense(widths: list[int]) -> int:
    return sum(math.prod(pair) for pair in pairwise(widths))


def _convolutional(
    network: schema.Lenet | schema.Vgg,
    shape: tuple[int, ...],
    outputs: int,
    size: int,
    repeats: int,
) -> int:
    height, width, channels = shape
    products = 0
    for filters in network.filters:
        for _ in range(repeats):
            products += height * width * size * size * channels * filters
            channels = filters
        height, width = -(-height // 2), -(-width // 2)
    return products + _dense([height * width * channels, *network.hidden, outputs])


@contextmanager
def explain_compilation(compiled: bool) -> Iterator[None]:
    """Replace TensorFlow's error about what XLA cannot compile by a `ConfigError`."""
    try:
        yield
    except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
        words = ("XLA", "compile", "determini")
        if not compiled or not any(word in error.message for word in words):
            raise
        # TensorFlow puts the reason between headings and stack traces, which are indented.
        reasons = (line for line in error.message.splitlines() if not FRAME.match(line))
        reason = GRAPH.sub(":", next(reasons, "")).split(" (No registered")[0].rstrip(". ")
        raise ConfigError(
            f"XLA cannot compile the training ({reason:.300}); set train.xla=false"
        ) from None
