"""What the user of `pipeline predict` chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.repository.limited import Limits


@dataclass(frozen=True)
class Options:
    """What the user chose.

    Attributes:
        columns: columns of the table by the names of inputs, for third-party models.
        probabilities: whether a classification also gets the probability of each class.
        skips: whether rows that cannot be predicted are left out, in place of an error.
        signature: which one to call, for a SavedModel with several.
        tags: of the graph to call, for a third-party SavedModel with several.
        rename: pairs of a variable's name in the checkpoint and in the graph; `*` is allowed.
        ema: whether moving averages take the place of the values that they average.
        trust: SHA-256 of graph files that may hold any operation.
        limits: of the process in which a third-party model runs; None for this process.
    """

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    probabilities: bool = False
    skips: bool = False
    signature: str | None = None
    tags: tuple[str, ...] | None = None
    rename: tuple[tuple[str, str], ...] = ()
    ema: bool = False
    trust: tuple[str, ...] = ()
    limits: Limits | None = None
