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
    Measured("cpu", "one output", 1_024, 57, 13, 0.33, "10,000 × 8, batch 128"),
    Measured("cpu", "one output", 8_192, 120, 57, 0.37, "100,000 × 8, batch 1,024"),
    Measured("cpu", "one output", 16_000, 32, 12, 0.22, "4,000 × 4, full batch"),
    Measured("cpu", "one output", 400_000, 210, 240, 0.26, "50,000 × 8, full batch"),
    Measured("cpu", "one output", 4_000_000, 2_200, 2_200, 0.23, "500,000 × 8, full batch"),
    Measured("cpu", "one output", 20_000_000, 4_700, 4_300, 0.25, "100,000 × 200, full batch"),
    Measured("cpu", "linear", 3_072, 76, 13, 0.31, "10,000 × 8, batch 128"),
    Measured("cpu", "linear", 24_576, 190, 63, 0.38, "100,000 × 8, batch 1,024"),
    Measured("cpu", "linear", 960_000, 230, 180, 0.33, "1,500 × 64, full batch"),
    Measured("cpu", "linear", 1_003_520, 410, 270, 0.5, "50,000 × 784, batch 128"),
    Measured("cpu", "linear", 200_000_000, 29_000, 29_000, 0.41, "100,000 × 200, full batch"),
    Measured("cpu", "dense", 18_432, 65, 17, 0.42, "10,000 × 8, batch 128, hidden 16"),
    Measured("cpu", "dense", 147_456, 160, 98, 0.52, "100,000 × 8, batch 1,024, hidden 16"),
    Measured("cpu", "dense", 1_589_248, 320, 160, 0.49, "100,000 × 32, batch 256, hidden 64-64"),
    Measured(
        "cpu", "dense", 12_713_984, 1_500, 1_200, 0.56, "100,000 × 32, batch 2,048, hidden 64-64"
    ),
    Measured(
        "cpu", "dense", 85_196_800, 4_400, 3_400, 0.67, "50,000 × 128, batch 256, hidden 512-512"
    ),
    Measured(
        "cpu",
        "dense",
        681_574_400,
        24_000,
        24_000,
        0.67,
        "50,000 × 128, batch 2,048, hidden 512-512",
    ),
    Measured(
        "cpu", "convolutional", 32_855_040, 3_500, 39_000, 2.4, "1,280 × 8 × 8 × 1, batch 128"
    ),
    Measured(
        "cpu",
        "convolutional",
        386_749_440,
        18_000,
        1_200_000,
        3.5,
        "1,280 × 28 × 28 × 1, batch 128",
    ),
)

# Measured by hand without op determinism; the seconds to compile are a cautious guess. A network
# with convolutions has not run on a GPU with both XLA and op determinism, so it has no row.
GPU = (
    Measured("gpu", "one output", 16_000, 135, 35, 10, "H100, 4,000 × 4, full batch"),
    Measured("gpu", "dense", 1_589_248, 329, 59, 10, "H100, 32, batch 256, hidden 64-64"),
)

TABLE = CPU + GPU
