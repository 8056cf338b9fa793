"""Variables and constants of two forms: matched by name, then by content; compared bit for bit."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from pipeline.verification.verdict import ValuesVerdict

Values = Mapping[str, np.ndarray]


class Digest(NamedTuple):
    """A value, reduced to what equality needs."""

    dtype: str
    shape: tuple[int, ...]
    sha256: str

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


def compare_values(
    form: Values,
    reference: Mapping[str, Digest],
    weights: Iterable[str],
    arrays: Values,
    averages: Values,
) -> ValuesVerdict:
    """Compare the values of a form with those of the reference.

    Constants of the reference that the form lacks are no difference: conversions fold them.

    Args:
        weights: names in `reference` that the form must have.
        arrays: values of the reference, as far as they are at hand, to describe differences.
        averages: moving averages by the name of what they average.
    """
    digests = {name: digest(value) for name, value in form.items()}
    unequal = [name for name in digests if name in reference and digests[name] != reference[name]]
    averaged = [n for n in unequal if n in averages and digests[n] == digest(averages[n])]
    known = Counter(key for name, key in reference.items() if name not in form)
    extra = [name for name in form if name not in reference and not _take(known, digests[name])]
    missing = [name for name in weights if name not in form and _take(known, reference[name])]
    differing = [
        f"{name} {_describe(form[name], reference[name], arrays.get(name))}"
        + (": it is the moving average; --ema compares with that" if name in averaged else "")
        for name in unequal
    ]
    by_name = sum(name in reference for name in form) - len(unequal)
    return ValuesVerdict(
        equal_by_name=by_name,
        equal_by_content=len(form) - by_name - len(unequal) - len(extra),
        differing=tuple(differing),
        missing=tuple(missing),
        extra=tuple(extra),
        averaged=tuple(averaged),
        of_reference=len(reference),
    )


def _take(known: Counter[Digest], key: Digest) -> bool:
    """Take one value of a content that is left; tells whether there was one."""
    if not known[key]:
        return False
    known[key] -= 1
    return True


def digest(value: np.ndarray) -> Digest:
    """Return dtype, shape and SHA-256 of a value: NaN equals NaN, and -0 is not 0."""
    content = hashlib.sha256()
    if value.dtype.hasobject:
        for text in value.ravel():
            data = text if isinstance(text, bytes) else str(text).encode()
            content.update(len(data).to_bytes(8, "little") + data)
    else:
        content.update(np.ascontiguousarray(value).tobytes())
    return Digest(value.dtype.name, value.shape, content.hexdigest())


def equal_bits(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether dtype, shape and all bits of two arrays are equal."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.hasobject:
        return bool(one.tolist() == other.tolist())
    return one.tobytes() == other.tobytes()


def _describe(one: np.ndarray, expected: Digest, other: np.ndarray | None) -> str:
    if (one.dtype.name, one.shape) != expected[:2]:
        return f"is {one.dtype} {list(one.shape)}, and {expected} in the reference"
    if other is None:
        return "differs"
    unequal = _unequal(one, other)
    index = np.unravel_index(int(unequal.argmax()), one.shape)
    values = f"{one[index]} and {other[index]}"
    if one.size == 1:
        return f"differs: {values}"
    place = list(map(int, index))
    return f"differs in {int(unequal.sum()):,} of {one.size:,} values, first at {place}: {values}"


def _unequal(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    if one.dtype.hasobject:
        return np.asarray(one != other, bool).ravel()
    bits = [
        np.frombuffer(array.tobytes(), np.uint8).reshape(one.size, -1) for array in (one, other)
    ]
    return np.asarray((bits[0] != bits[1]).any(1))
