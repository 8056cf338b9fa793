"""Sizes that a user gives by `--dim`, and what they leave open.

`--dim NAME=3,224,224` is the whole shape of an input (`NAME=` is a scalar), `--dim NAME:1=224` one
dimension of it, counted from 0, and `--dim 224` each open dimension but the first of an input.
"""

from collections.abc import Iterable, Mapping

from pipeline.errors import ArtifactError, nearest
from pipeline.feeding.fitting import show
from pipeline.graphdef.interface import Interface, Shape

Dims = Mapping[str, tuple[int, ...]]

# The key of the size that all open dimensions have.
EVERY = ""

# Values of an input: 256 MiB of float32.
MOST_VALUES = 2**26


def parse_dims(texts: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Read the options `--dim`: what is before the `=` → sizes.

    Raises:
        ArtifactError: one of them is not such an option.
    """
    dims: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, _, sizes = text.rpartition("=")
        try:
            dims[name] = tuple(int(size) for size in sizes.split(",") if size or "," in sizes)
        except ValueError:
            raise _unreadable(text) from None
        if any(size < 0 for size in dims[name]) or (name == EVERY and len(dims[name]) != 1):
            raise _unreadable(text)
    return dims


def _unreadable(text: str) -> ArtifactError:
    return ArtifactError(
        f"--dim {text}: sizes are whole numbers; give NAME=3,224,224 for a shape, NAME:1=224 for"
        " one dimension, or 224 for all that are open"
    )


def given_shapes(interface: Interface, dims: Dims) -> dict[str, Shape | None]:
    """Return what is known of each input's shape: from the interface, decided by `--dim`.

    Raises:
        ArtifactError: `--dim` names no input, or contradicts an input's shape.
    """
    shapes = {spec.name: spec.shape for spec in interface.inputs}
    for key, sizes in dims.items():
        if key == EVERY:
            continue
        name, place = (key, None) if key in shapes else _split(key)
        if name not in shapes:
            known = nearest(name, shapes)
            raise ArtifactError(f"--dim {key}=…: the model has no input {name!r}{known}")
        shapes[name] = _decide(name, shapes[name], place, sizes)
    for name, shape in shapes.items():
        require_size(name, shape)
    return shapes


def _split(key: str) -> tuple[str, int | None]:
    name, _, place = key.rpartition(":")
    return (name, int(place)) if name and place.isdecimal() else (key, None)


def _decide(
    name: str, shape: Shape | None, place: int | None, sizes: tuple[int, ...]
) -> Shape | None:
    wanted: Shape = sizes
    if place is not None:
        if shape is None:
            raise ArtifactError(f"--dim {name}:{place}: its rank is open; give --dim {name}=3,…")
        if place >= len(shape) or len(sizes) != 1:
            raise ArtifactError(f"--dim {name}:{place}: {name} is {show(shape)}, one size each")
        wanted = (*shape[:place], sizes[0], *shape[place + 1 :])
    fits = shape is None or (
        len(shape) == len(wanted)
        and all(old in (None, new) for old, new in zip(shape, wanted, strict=True))
    )
    if not fits:
        raise ArtifactError(f"--dim gives {name} the shape {show(wanted)}; it is {show(shape)}")
    return wanted


def require_size(name: str, shape: Shape | None) -> None:
    """Raise `ArtifactError` for a shape of too many values, before anything is allocated."""
    if shape is not None and count_values(shape) > MOST_VALUES:
        raise ArtifactError(
            f"input {name} with the shape {show(shape)} has more than {MOST_VALUES:,} values;"
            f" give smaller sizes: --dim {name}=…"
        )


def count_values(shape: Shape) -> int:
    """Return the number of values; an open dimension counts once."""
    total = 1
    for size in shape:
        total *= 1 if size is None else size
    return total
