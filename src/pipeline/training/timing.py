"""Where the time of a training goes: steps, learning curve, checkpoints."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

from pipeline.schema.training.train import Train

_log = logging.getLogger(__name__)

T = TypeVar("T")

# The first call also compiles.
FIRST, STEPS, CHECKPOINTS = "first call", "steps", "checkpoints"

# What the parameters that set an interval cost, if they take more than this share of the time.
SHARE, LEAST_SECONDS = 0.1, 1.0
COSTS = {"log_every": ("LearningCurve", "reports"), "checkpoint_every": (CHECKPOINTS,)}


class Timing:
    """Seconds by the part of a training that they went to."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Count the time of a block."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - begun

    def over(self, part: str, items: Iterable[T]) -> Iterator[T]:
        """Yield items, and count the time that they take to come, that of the first by itself."""
        iterator = iter(items)
        for number in count():
            with self.of(part if number else FIRST):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def tell(self, settings: Train) -> None:
        """Log the seconds of all parts, and what intervals that were given cost."""
        total = sum(self.seconds.values())
        parts = (f"{part} {seconds:.3f}" for part, seconds in self.seconds.items())
        _log.debug("seconds of the training: %s", ", ".join(parts))
        for key, parts_of_key in COSTS.items():
            given, cost = getattr(settings, key), sum(self.seconds[part] for part in parts_of_key)
            if given != "auto" and total > LEAST_SECONDS and cost > SHARE * total:
                _log.info(
                    "train.%s=%s takes %.0f%% of the training's time; auto takes next to nothing",
                    key, given, 100 * cost / total,
                )  # fmt: skip
