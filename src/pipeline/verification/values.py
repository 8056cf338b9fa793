"""Variables and constants of two forms: matched by name, then by content; compared bit for bit."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from pipeline.verification.verdict import ValuesVerdict

Values = Mapping[str, np.ndarray]

# A value of a form, reduced to what equality needs.
_Digest = tuple[str, tuple[int, ...], str]


def compare_values(
    form: Values, reference: Values, required: Iterable[str], averages: Values
) -> ValuesVerdict:
    """Compare the values of a form with those of the reference.

    Constants of the reference that the form lacks are no difference: conversions fold them.

    Args:
        required: names of values of the reference that the form must have: its weights.
        averages: moving averages by the name of the variable, where the reference has some.
    """
    shared = [name for name in form if name in reference]
    unequal = [name for name in shared if not equal_bits(form[name], reference[name])]
    averaged = [n for n in unequal if n in averages and equal_bits(form[n], averages[n])]
    differing = [
        f"{name} {describe_difference(form[name], reference[name])}"
        + (f": it is {name}'s moving average; --ema compares with that" if name in averaged else "")
        for name in unequal
    ]
    known = Counter(digest(reference[name]) for name in reference if name not in form)
    extra, by_content = [], 0
    for name in (name for name in form if name not in reference):
        key = digest(form[name])
        if known[key]:
            known[key] -= 1
            by_content += 1
        else:
            extra.append(name)
    missing = []
    for name in (name for name in required if name not in form):
        key = digest(reference[name])
        if known[key]:  # nothing of the form has taken it
            known[key] -= 1
            missing.append(name)
    by_name = len(shared) - len(unequal)
    return ValuesVerdict(
        equal_by_name=by_name,
        equal_by_content=by_content,
        differing=tuple(differing),
        missing=tuple(missing),
        extra=tuple(extra),
        averaged=tuple(averaged),
        of_reference=len(reference),
    )


def equal_bits(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether dtype, shape and all bits are equal: NaN equals NaN, -0 is not 0."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.hasobject:
        return one.tolist() == other.tolist()
    return one.tobytes() == other.tobytes()


def digest(value: np.ndarray) -> _Digest:
    """Return dtype, shape and SHA-256 of a value."""
    content = hashlib.sha256()
    if value.dtype.hasobject:
        for text in value.ravel():
            data = text if isinstance(text, bytes) else str(text).encode()
            content.update(len(data).to_bytes(8, "little") + data)
    else:
        content.update(np.ascontiguousarray(value).tobytes())
    return value.dtype.name, value.shape, content.hexdigest()


def describe_difference(one: np.ndarray, other: np.ndarray) -> str:
    """Describe how two values differ: in dtype or shape, or where first and by how much."""
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        kinds = [f"{array.dtype} {list(array.shape)}" for array in (one, other)]
        return f"is {kinds[0]}, and {kinds[1]} in the reference"
    unequal = _unequal(one, other)
    index = np.unravel_index(int(unequal.argmax()), one.shape)
    place = f" at {list(map(int, index))}" if index else ""
    count = f"in {int(unequal.sum()):,} of {one.size:,} values, first" if one.size > 1 else ""
    return f"differs {count}{place}: {one[index]} and {other[index]}".replace("  ", " ")


def _unequal(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    if one.dtype.hasobject:
        return np.asarray(one != other, bool).ravel()
    rows = [np.frombuffer(array.tobytes(), np.uint8) for array in (one, other)]
    bits = [row.reshape(one.size, -1) for row in rows]
    return np.asarray((bits[0] != bits[1]).any(1))
