"""What a refusal of shapes says about better ones: the numbers that TensorFlow's messages name."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_NODE = re.compile(r"\{\{node ([^\s}]+)\}\}")
_RANK = re.compile(r"rank (\d+)")
# Other ways to say which rank is needed; the shape that was given follows.
_NEEDED = (
    (re.compile(r"must be (an? )?(\w+ )?scalar"), 0),
    (re.compile(r"must be (an? )?(\w+ )?vector|must be 1-D"), 1),
    (re.compile(r"must be (an? )?(\w+ )?matrix|must be 2-D"), 2),
    (re.compile(r"must be 3-D|must be 3-dimensional"), 3),
    (re.compile(r"must be 4-D|must be 4-dimensional"), 4),
)
_NUMBER = re.compile(r"\d+")
_SHAPES = re.compile(r"\[[\d,? ]*\]")


@dataclass(frozen=True)
class Refusal:
    """Why shapes were refused.

    Attributes:
        reached: how far into the graph the operation is that refused them.
        ranks: pairs of a rank that is needed, and one that was given.
        sizes: numbers that the message names, in its order.
        others: sizes of the operands of that operation.
        is_too_small: whether a size was too small for a window.
    """

    message: str
    reached: int
    ranks: tuple[tuple[int, int], ...]
    sizes: tuple[int, ...]
    others: tuple[int, ...]
    is_too_small: bool


def read_refusal(message: str, progress: Callable[[str], int]) -> Refusal:
    """Read a message of shape inference, or of an operation that was run.

    Args:
        progress: returns how far into the graph an operation is; its name can be empty.
    """
    node = _NODE.search(message)
    name = node[1] if node else ""
    said = re.split(r" for '?\{\{node|\[?\[?\{\{node", message)[0]
    ranks = [int(rank) for rank in _RANK.findall(said)]
    pairs = tuple((ranks[i], ranks[1 - i]) for i in (0, 1)) if len(ranks) == 2 else ()
    if needed := [rank for pattern, rank in _NEEDED if pattern.search(said)]:
        given = _SHAPES.search(said)
        ranks, pairs = needed, ((needed[0], given[0].count(",") + 1 if given else needed[0]),)
    sizes = () if ranks else tuple(map(int, _NUMBER.findall(said)))
    shapes = " ".join(_SHAPES.findall(message.partition("with input shapes:")[2]))
    others = tuple(map(int, _NUMBER.findall(shapes)))
    is_too_small = "Negative dimension" in said or "must be >= 0" in said
    return Refusal(message, progress(name), pairs, sizes, others, is_too_small)


def better_sizes(refusal: Refusal, size: int) -> Iterator[int]:
    """Yield sizes for a dimension, or for equal ones, that has `size` now; likely ones first."""
    numbers = refusal.sizes
    if refusal.is_too_small:
        yield from (2 * size, 4 * size, 8 * size)
    yield from numbers
    if len(numbers) == 2:  # "must be equal, but are 138 and 256": the rest of it is joined
        yield from (size + numbers[1] - numbers[0], size + numbers[0] - numbers[1])
    for number in numbers:
        yield from _roots(number)
    yield from refusal.others


def scaled_sizes(refusal: Refusal, size: int, rows: int, dimensions: int) -> Iterator[int]:
    """Yield sizes for dimensions that have `size` now, so that a product is as it is wanted.

    Args:
        rows: first size of the input; a message may tell the product of the others alone.
        dimensions: how many dimensions change together, such as the sides of an image.
    """
    if len(refusal.sizes) != 2:
        return
    for wanted, given in (refusal.sizes, refusal.sizes[::-1]):
        for total in (wanted * rows, wanted):
            factor = round((total / given) ** (1 / dimensions)) if given else 0
            if factor > 1 and factor**dimensions * given == total:
                yield size * factor


def _roots(number: int) -> Iterator[int]:
    """Yield the side of a square image of one channel or of three."""
    for channels in (1, 3):
        root = math.isqrt(number // channels)
        if root > 1 and root * root * channels == number:
            yield root
