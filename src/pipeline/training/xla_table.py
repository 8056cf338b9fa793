"""What XLA saves in a step. `python -m benchmarks.xla` measures the rows for CPUs."""

from dataclasses import dataclass
from typing import Literal

# "one output": a linear function whose features are held by column.
Kind = Literal["one output", "linear", "dense", "convolutional"]


@dataclass(frozen=True)
class Measured:
    """One measurement: the step of a loop in the graph, with and without XLA.

    Attributes:
        products: products in the forward pass of a step, rows × weights that a row meets.
        plain, compiled: microseconds a step.
        seconds: seconds to compile.
        source: what was measured.
    """

    device: Literal["cpu", "gpu"]
    kind: Kind
    products: int
    plain: float
    compiled: float
    seconds: float
    source: str


# Made by `python -m benchmarks.xla` on an Intel Xeon (Sapphire Rapids), 2 cores.
CPU = (
    Measured("cpu", "one output", 1_024, 36, 8.8, 0.26, "10,000 × 8, batch 128"),
    Measured("cpu", "one output", 16_000, 20, 8.1, 0.18, "4,000 × 4, full batch"),
    Measured("cpu", "one output", 400_000, 170, 150, 0.17, "50,000 × 8, full batch"),
    Measured("cpu", "one output", 4_000_000, 1_700, 1_800, 0.2, "500,000 × 8, full batch"),
    Measured("cpu", "one output", 20_000_000, 3_900, 3_600, 0.22, "100,000 × 200, full batch"),
    Measured("cpu", "linear", 3_072, 68, 14, 0.37, "10,000 × 8, batch 128"),
    Measured("cpu", "linear", 960_000, 210, 170, 0.29, "1,500 × 64, full batch"),
    Measured("cpu", "linear", 1_003_520, 310, 250, 0.4, "50,000 × 784, batch 128"),
    Measured("cpu", "linear", 200_000_000, 31_000, 27_000, 0.44, "100,000 × 200, full batch"),
    Measured("cpu", "dense", 18_432, 47, 17, 0.45, "10,000 × 8, batch 128, hidden 16"),
    Measured("cpu", "dense", 1_589_248, 260, 140, 0.46, "100,000 × 32, batch 256, hidden 64-64"),
    Measured(
        "cpu", "dense", 12_713_984, 1_400, 1_100, 0.52, "100,000 × 32, batch 2,048, hidden 64-64"
    ),
    Measured(
        "cpu", "dense", 85_196_800, 4_000, 2_700, 0.59, "50,000 × 128, batch 256, hidden 512-512"
    ),
    Measured(
        "cpu",
        "dense",
        681_574_400,
        21_000,
        20_000,
        0.61,
        "50,000 × 128, batch 2,048, hidden 512-512",
    ),
    Measured(
        "cpu", "convolutional", 32_855_040, 2_800, 33_000, 1.7, "1,280 × 8 × 8 × 1, batch 128"
    ),
    Measured(
        "cpu", "convolutional", 386_749_440, 12_000, 980_000, 2.6, "1,280 × 28 × 28 × 1, batch 128"
    ),
)

# Measured by hand without op determinism; the seconds to compile are a cautious guess. A network
# with convolutions has not run on a GPU with both XLA and op determinism, so it has no row.
GPU = (
    Measured("gpu", "one output", 16_000, 135, 35, 10, "H100, 4,000 × 4, full batch"),
    Measured("gpu", "dense", 1_589_248, 329, 59, 10, "H100, 32, batch 256, hidden 64-64"),
)

TABLE = CPU + GPU
