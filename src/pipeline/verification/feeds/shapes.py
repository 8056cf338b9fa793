"""Shapes that a model takes: what is open is searched, and each refusal says where.

A size that an operation refuses is replaced by one that its message names: `Dimensions must be
equal, but are 8 and 784`. So most models are understood in a few tries.
"""

import heapq
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.graphdef.interface import Shape
from pipeline.verification.feeds.dims import MOST_VALUES, count_values
from pipeline.verification.feeds.refusals import (
    Refusal,
    better_sizes,
    scaled_sizes,
)

Found = dict[str, tuple[int, ...]]  # shapes by the names of inputs

ROWS = 3  # in the first dimension, where it is open
SIZES = (8, 16, 28, 32, 64, 224, 299, 1, 2, 3)  # to try in the others
RANKS = (2, 1, 4, 3, 0, 5)  # to try where the rank is open
MOST_TRIES = 400
MOST_SECONDS = 30.0  # of the processor, so that other programs do not decide what is found
MOST_SEARCHED = 2**23  # values of an input; more, a user decides
TOO_LARGE = f"what was tried has more than {MOST_VALUES:,} values"
GUESS_EVERY = 16  # tries, while there are suggestions
# How unlikely a change is: of the number of rows, of what may be no rows, and of the rank.
COST_OF_ROWS, COST_OF_FIRST, COST_OF_RANK = 16, 4, 16


@dataclass(frozen=True)
class OpenShapes:
    """What is known of the shapes, and what to try where nothing is.

    Attributes:
        known: shapes by the names of inputs; None for an open rank.
        size: of all open dimensions but the first; None to search.
        rank: to try first where it is open.
    """

    known: Mapping[str, Shape | None]
    size: int | None = None
    rank: int | None = None

    def is_open(self, name: str, place: int) -> bool:
        """Tell whether a dimension of an input may be chosen."""
        shape = self.known[name]
        return shape is None or shape[place] is None

    def allows(self, shapes: Found) -> bool:
        """Tell whether no input has too many values."""
        return all(count_values(shape) <= self._most(name) for name, shape in shapes.items())

    def _most(self, name: str) -> int:
        known = self.known[name]
        is_decided = self.size is not None or (known is not None and None not in known)
        return MOST_VALUES if is_decided else max(MOST_SEARCHED, ROWS * count_values(known or ()))

    def guesses(self) -> Iterator[Found]:
        """Yield shapes to begin with: open dimensions of all inputs have one size."""
        sizes = SIZES if self.size is None else (self.size,)
        first = () if self.rank is None else (self.rank,)
        ranks = dict.fromkeys((*first, *RANKS)) if None in self.known.values() else (0,)
        for size, rank in itertools.product(sizes, ranks):
            yield {
                name: _fill((None,) * rank if shape is None else shape, size)
                for name, shape in self.known.items()
            }


def _fill(shape: Shape, size: int) -> tuple[int, ...]:
    sizes = (ROWS, *[size] * len(shape))
    return tuple(sizes[n] if old is None else old for n, old in enumerate(shape))


@dataclass(order=True)
class _Try:
    """Shapes to try; those that follow from a refusal deep in the graph come first."""

    priority: tuple[int, int, int]
    shapes: Found = field(compare=False)
    cost: int = field(compare=False)  # of all changes that led to them


class _Queue:
    """Shapes to try, once each: guesses, and in turn with them what refusals suggest."""

    def __init__(self, opened: OpenShapes) -> None:
        self._opened, self._guesses = opened, opened.guesses()
        self._suggested: list[_Try] = []
        self._seen: set[tuple[tuple[int, ...], ...]] = set()
        self._is_guessing = True

    def suggest(self, shapes: Found, cost: int, reached: int) -> None:
        one = _Try((-reached, cost, len(self._suggested)), shapes, cost)
        heapq.heappush(self._suggested, one)

    def __iter__(self) -> Iterator[tuple[Found, int]]:
        """Yield shapes, and the cost of the changes that led to them."""
        for turn in itertools.count():
            guess = None if turn % GUESS_EVERY and self._suggested else next(self._guesses, None)
            if guess is None and not self._suggested:
                return
            one = heapq.heappop(self._suggested) if guess is None else _Try((0, 0, 0), guess, 0)
            key = tuple(one.shapes.values())
            if key not in self._seen and self._opened.allows(one.shapes):
                self._seen.add(key)
                yield one.shapes, one.cost


def search_shapes(opened: OpenShapes, refuse: Callable[[Found], Refusal | None]) -> str:
    """Try shapes until some are not refused; else return the refusal that got furthest."""
    queue, furthest, message = _Queue(opened), -1, TOO_LARGE
    until = time.process_time() + MOST_SECONDS
    for tries, (shapes, cost) in enumerate(queue):
        if tries == MOST_TRIES or time.process_time() > until:
            break
        refusal = refuse(shapes)
        if refusal is None:
            return ""
        if refusal.reached > furthest:
            furthest, message = refusal.reached, refusal.message
        for more, better in _improve(opened, shapes, refusal):
            queue.suggest(better, cost + more, refusal.reached)
    return message


def _improve(opened: OpenShapes, shapes: Found, refusal: Refusal) -> Iterator[tuple[int, Found]]:
    """Yield shapes with one change that a refusal suggests, and how unlikely the change is."""
    yield from _change_ranks(opened, shapes, refusal)
    if opened.size is None:
        yield from _change_sizes(opened, shapes, refusal)
    for name, shape in shapes.items():
        if shape and opened.is_open(name, 0):
            # Of an input of open rank, nothing says that the first dimension is one of rows.
            cost = COST_OF_ROWS if opened.known[name] is not None else COST_OF_FIRST
            for more, rows in enumerate((1, *refusal.sizes)):
                yield cost + more, shapes | {name: (rows, *shape[1:])}


def _change_ranks(
    opened: OpenShapes, shapes: Found, refusal: Refusal
) -> Iterator[tuple[int, Found]]:
    for name, shape in shapes.items():
        if opened.known[name] is not None:
            continue
        wanted = [n for pair in refusal.ranks for n in (pair[0], len(shape) + pair[0] - pair[1])]
        for more, rank in enumerate(dict.fromkeys([*wanted, *RANKS])):
            if 0 <= rank <= max(RANKS):
                size = opened.size or (shape[1] if len(shape) > 1 else SIZES[0])
                cost = 1 + more + COST_OF_RANK * (rank not in wanted)
                yield cost, shapes | {name: _fill((None,) * rank, size)}


def _change_sizes(
    opened: OpenShapes, shapes: Found, refusal: Refusal
) -> Iterator[tuple[int, Found]]:
    """Yield shapes with another size in one dimension, or in several that are equal."""
    for unlikely, places in enumerate(_groups(opened, shapes)):
        name, place = places[0]
        size, rows = shapes[name][place], shapes[name][0]
        for better in scaled_sizes(refusal, size, rows, len(places)):
            yield 1 + (len(places) == 1), _with_size(shapes, places, better)
        for more, better in enumerate(better_sizes(refusal, size)):
            if better > 0:
                yield 3 + unlikely + more, _with_size(shapes, places, better)


Places = list[tuple[str, int]]  # dimensions of inputs


def _groups(opened: OpenShapes, shapes: Found) -> Iterator[Places]:
    """Yield dimensions to change: single ones, what inputs share, sides of an image."""
    every = [(name, n) for name, shape in shapes.items() for n in range(len(shape) - 1, 0, -1)]
    places = [place for place in every if opened.is_open(*place)]
    yield from ([place] for place in places)
    by_size: dict[int, Places] = {}
    for name, n in places:
        by_size.setdefault(shapes[name][n], []).append((name, n))
    for equal in by_size.values():
        if len(equal) > 1:
            yield equal
        for name in dict.fromkeys(name for name, _ in equal):
            of_one = [place for place in equal if place[0] == name]
            if 1 < len(of_one) < len(equal):
                yield of_one


def _with_size(shapes: Found, places: Places, size: int) -> Found:
    changed = {name: list(shape) for name, shape in shapes.items()}
    for name, place in places:
        changed[name][place] = size
    return {name: tuple(shape) for name, shape in changed.items()}
