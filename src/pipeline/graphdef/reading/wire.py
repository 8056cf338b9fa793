"""The outer fields of a binary protobuf message, walked without parsing what they hold.

Counting and framing are known from a few bytes of each field, so a file that is cut off, that is
something else, or that has too many nodes is refused before its messages take memory.
"""

from collections.abc import Iterator, Sequence
from mmap import mmap

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5

Buffer = bytes | mmap


class WireError(ValueError):
    """The bytes are not fields of a message."""


class TruncatedError(WireError):
    """The last field is longer than the bytes that are there."""


def fields(data: Buffer, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, start and end of each field between two positions.

    Raises:
        WireError: what is there is not a message.
    """
    while start < end:
        key, start = _varint(data, start, end)
        number, kind = key >> 3, key & 7
        if not number:
            raise WireError("a field has the number 0")
        if kind == VARINT:
            _, stop = _varint(data, start, end)
        elif kind == BYTES:
            size, start = _varint(data, start, end)
            stop = start + size
        elif kind in (FIXED_64, FIXED_32):
            stop = start + (8 if kind == FIXED_64 else 4)
        else:
            raise WireError(f"field {number} has the unknown type {kind}")
        if stop > end:
            raise TruncatedError(f"a field ends at byte {stop:,} of {end:,}")
        yield number, kind, start, stop
        start = stop


def count(data: Buffer, path: Sequence[int], most: int) -> int:
    """Count the messages at a path of field numbers, up to `most` and one more.

    Raises:
        WireError: what is there is not a message.
    """
    return _count(data, 0, len(data), path, most)


def _count(data: Buffer, start: int, end: int, path: Sequence[int], most: int) -> int:
    found = 0
    for number, kind, begin, stop in fields(data, start, end):
        if number == path[0] and kind == BYTES:
            found += _count(data, begin, stop, path[1:], most - found) if path[1:] else 1
            if found > most:
                break
    return found


def _varint(data: Buffer, start: int, end: int) -> tuple[int, int]:
    """Return a number and the position behind it."""
    value = shift = 0
    while shift < 70:
        if start >= end:
            raise TruncatedError(f"a number is cut off at byte {end:,}")
        byte = data[start]
        value |= (byte & 127) << shift
        start += 1
        if byte < 128:
            return value, start
        shift += 7
    raise WireError("a number has more than 64 bits")
