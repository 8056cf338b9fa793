"""Feeds that a model takes: from the user's files, or made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from pipeline.errors import ArtifactError, listing
from pipeline.feeding.fitting import show
from pipeline.graphdef.interface import Shape, TensorSpec
from pipeline.verification.feeds import files
from pipeline.verification.feeds.bounds import Bounds, find_bounds
from pipeline.verification.feeds.dims import EVERY, Dims, given_shapes, require_size
from pipeline.verification.feeds.flat import FlatGraph
from pipeline.verification.feeds.inference import ShapeInference
from pipeline.verification.feeds.refusals import Refusal, read_refusal
from pipeline.verification.feeds.shapes import Found, OpenShapes, search_shapes
from pipeline.verification.feeds.sparse import WIDTHS, find_sparse, is_values
from pipeline.verification.feeds.strings import find_maker, make_strings
from pipeline.verification.feeds.switches import find_off
from pipeline.verification.feeds.values import KINDS, generator, make_numbers

if TYPE_CHECKING:
    from pipeline.graph.execution.loaded import Loaded

Run = Callable[[Mapping[str, np.ndarray]], object]

# What no feed can hold: it is an object inside of a session.
_OBJECTS = ("resource", "variant")

# So many kinds of values are tried before the shapes are taken to be wrong.
MOST_REFUSALS = 3


@dataclass(frozen=True)
class Feed:
    """An array for each input, by name."""

    name: str  # its kind, such as `zeros`, or its file and rows
    arrays: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class FeedOptions:
    """Where feeds come from.

    Attributes:
        seed: of made values.
        dims: sizes that the user decided, from `dims.parse_dims`.
        files: names of files, or `NAME=FILE`; if there are some, nothing is made.
    """

    seed: int = 0
    dims: Dims = field(default_factory=lambda: MappingProxyType({}))
    files: tuple[str, ...] = ()


def make_feeds(loaded: "Loaded", options: FeedOptions) -> list[Feed]:
    """Return feeds whose shapes shape inference does not refuse; nothing is run.

    Raises:
        ArtifactError: no shapes were found, or a file does not fit the model.
    """
    return find_feeds(loaded, options, lambda _: None)


def find_feeds(loaded: "Loaded", options: FeedOptions, run: Run) -> list[Feed]:
    """Return feeds that a model takes; shapes that it refuses lead to the next ones.

    A kind of values that it refuses, though it takes others of the same shapes, is left out.

    Args:
        run: runs the model, such as a runner's `run`; it raises `ArtifactError` for a feed that is
            refused.

    Raises:
        ArtifactError: no feed was found that it takes, or a file does not fit the model.
    """
    inputs = loaded.interface.inputs
    for spec in inputs:
        if spec.dtype in _OBJECTS:
            raise ArtifactError(f"input {spec.name} is a {spec.dtype}, which cannot be fed")
    if options.files:
        feeds = [Feed(name, arrays) for name, arrays in files.read_feeds(options.files, inputs)]
        for feed in feeds:
            run(feed.arrays)
        return feeds
    if not inputs:
        return [Feed("no inputs", {})]
    return _Search(loaded, options, run).find()


class _Search:
    """Tries shapes, and with shapes that fit, all kinds of values."""

    def __init__(self, loaded: "Loaded", options: FeedOptions, run: Run) -> None:
        self._inputs, self._seed, self._run = loaded.interface.inputs, options.seed, run
        self._known = given_shapes(loaded.interface, options.dims)
        self._size = options.dims[EVERY][0] if EVERY in options.dims else None
        ends = [spec.tensor.partition(":")[0] for spec in loaded.interface.outputs]
        self._flat = None if loaded.graph is None else FlatGraph(loaded.graph, ends)
        self._sparse: dict[str, np.ndarray] = {}
        self._feeds: list[Feed] = []

    def find(self) -> list[Feed]:
        for width in WIDTHS:
            self._sparse = find_sparse(self._inputs, self._flat, width)
            self._known |= {name: array.shape for name, array in self._sparse.items()}
            message = self._search()
            if self._feeds or not self._sparse:
                break
        if not self._feeds:
            raise self._not_found(message)
        return self._feeds

    def _search(self) -> str:
        """Find feeds, or return why the model refuses what was tried."""
        has_open = any(map(_is_open, self._known.values()))
        judge = ShapeInference(self._flat, self._inputs) if self._flat and has_open else None

        def refuse(shapes: Found) -> Refusal | None:
            if judge and (refusal := judge.refusal(shapes)):
                return refusal
            message = self._refusal(shapes)
            if message is None:
                return None
            return judge.refusal_of_run(message) if judge else read_refusal(message, lambda _: 0)

        rank = 4 if self._flat and self._flat.convolves_inside() else None
        return search_shapes(OpenShapes(self._known, self._size, rank), refuse)

    def _refusal(self, shapes: Found) -> str | None:
        """Make feeds of some shapes; return why the model refuses all of them, or None."""
        self._feeds, refusals = [], []
        for kind in KINDS:
            arrays = {
                spec.name: self._array(spec, kind, shapes[spec.name]) for spec in self._inputs
            }
            if any(_is_equal(arrays, feed.arrays) for feed in self._feeds):
                continue
            try:
                self._run(arrays)
            except ArtifactError as error:
                refusals.append(str(error))
                if len(refusals) == MOST_REFUSALS and not self._feeds:
                    break
                continue
            self._feeds.append(Feed(kind, arrays))
        return None if self._feeds else refusals[0]

    def _array(self, spec: TensorSpec, kind: str, shape: tuple[int, ...]) -> np.ndarray:
        require_size(spec.name, shape)
        if spec.name in self._sparse and not is_values(spec.name):
            return self._sparse[spec.name].astype(tf.as_dtype(spec.dtype).as_numpy_dtype)
        rng, dtype = generator(self._seed, kind, spec.name), tf.as_dtype(spec.dtype)
        if dtype == tf.string:
            return make_strings(kind, shape, find_maker(self._flat, spec.tensor), rng)
        off = find_off(self._flat, spec) if self._flat else None
        if off is not None:
            return np.full(shape, off, dtype.as_numpy_dtype)
        bounds = find_bounds(self._flat, spec.tensor) if self._flat else Bounds()
        return make_numbers(kind, dtype, shape, bounds, rng)

    def _not_found(self, message: str) -> ArtifactError:
        reason, known = " ".join(message.split())[:300], self._known
        opened = [spec for spec in self._inputs if _is_open(known[spec.name])]
        if not opened:
            return ArtifactError(f"the model takes no made feed: {reason}; give feeds in files")
        inputs = listing(f"{s.name} ({s.dtype}, {show(known[s.name])})" for s in opened)
        return ArtifactError(
            f"no shapes were found that the model takes for {inputs}: {reason}; give them:"
            f" --dim {opened[0].name}=3,…"
        )


def _is_open(shape: Shape | None) -> bool:
    return shape is None or None in shape


def _is_equal(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    """Tell whether two feeds of the same shapes hold the same."""
    return all(
        one[name].tolist() == other[name].tolist()
        if one[name].dtype == object
        else one[name].tobytes() == other[name].tobytes()
        for name in one
    )
