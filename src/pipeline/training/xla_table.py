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
    Measured("cpu", "one output", 1_024, 56, 7.6, 0.29, "10,000 × 8, batch 128"),
    Measured("cpu", "one output", 16_000, 24, 13, 0.21, "4,000 × 4, full batch"),
    Measured("cpu", "one output", 400_000, 210, 190, 0.21, "50,000 × 8, full batch"),
    Measured("cpu", "one output", 4_000_000, 2_000, 2_100, 0.28, "500,000 × 8, full batch"),
    Measured("cpu", "one output", 20_000_000, 4_600, 4_300, 0.36, "100,000 × 200, full batch"),
    Measured("cpu", "dense", 18_432, 85, 21, 0.44, "10,000 × 8, batch 128, hidden 16"),
    Measured("cpu", "dense", 1_589_248, 390, 190, 0.53, "100,000 × 32, batch 256, hidden 64-64"),
    Measured(
        "cpu", "dense", 12_713_984, 1_500, 1_100, 0.61, "100,000 × 32, batch 2,048, hidden 64-64"
    ),
    Measured(
        "cpu", "dense", 85_196_800, 3_600, 2_800, 0.51, "50,000 × 128, batch 256, hidden 512-512"
    ),
    Measured(
        "cpu",
        "dense",
        681_574_400,
        21_000,
        21_000,
        0.76,
        "50,000 × 128, batch 2,048, hidden 512-512",
    ),
    Measured("cpu", "convolutional", 32_855_040, 3_400, 35_000, 2, "1,280 × 8 × 8 × 1, batch 128"),
    Measured(
        "cpu", "convolutional", 386_749_440, 18_000, 990_000, 2.9, "1,280 × 28 × 28 × 1, batch 128"
    ),
)

# Measured by hand without op determinism; the seconds to compile are a cautious guess. A network
# with convolutions has not run on a GPU with both XLA and op determinism, so it has no row.
GPU = (
    Measured("gpu", "one output", 16_000, 135, 35, 10, "H100, 4,000 × 4, full batch"),
    Measured("gpu", "dense", 1_589_248, 329, 59, 10, "H100, 32, batch 256, hidden 64-64"),
)

TABLE = CPU + GPU
