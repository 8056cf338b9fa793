"""Strings that the operations can read that consume an input: files, records, numbers, words."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from pipeline.verification.feeds import media, records
from pipeline.verification.feeds.flat import FlatGraph, Use

WORDS = (
    b"the",
    b"of",
    b"and",
    b"a",
    b"model",
    b"Graph",
    b"good morning",
    b"7",
    b"caf\xc3\xa9",
    b"",
)
SIDE = 32  # pixels of a made image
SAMPLES = 16_000  # of a made sound, where the graph does not say

# Makes one string of a kind of feed.
Maker = Callable[[str, np.random.Generator], bytes]


def make_strings(
    kind: str, shape: tuple[int, ...], maker: Maker, rng: np.random.Generator
) -> np.ndarray:
    """Return an array of objects, each of them bytes."""
    cells = np.empty(shape, object)
    cells.reshape(-1)[:] = [maker(kind, rng) for _ in range(cells.size)]
    return cells


def find_maker(flat: FlatGraph | None, tensor: str) -> Maker:
    """Return what makes strings that the consumers of an input read; else words."""
    for use in flat.uses(tensor) if flat else ():
        found = _MAKERS.get(use.node.op)
        maker = found(flat, use) if found and flat else None
        if maker:
            return maker
    return _maker_inside(flat) or _word


def _maker_inside(flat: FlatGraph | None) -> Maker | None:
    """Return what makes files, where only bodies of loops and branches read some."""
    for function in flat.graph.library.function if flat else ():
        for node in function.node_def:
            if node.op in _FILES and flat:
                return _MAKERS[node.op](flat, Use(node, 0))
    return None


def _word(kind: str, rng: np.random.Generator) -> bytes:
    match kind:
        case "zeros":
            return b""
        case "ones":
            return WORDS[0]
        case "large":
            return b" ".join(WORDS[place] for place in rng.integers(0, len(WORDS), 20))
    return WORDS[int(rng.integers(0, len(WORDS)))]


def _number(kind: str, rng: np.random.Generator) -> bytes:
    return str(_small_number(kind, rng)).encode()


def _small_number(kind: str, rng: np.random.Generator) -> int:
    if kind in ("zeros", "ones"):
        return int(kind == "ones")
    number = int(rng.integers(1, 1000 if kind == "large" else 10))
    return -number if kind == "negative" else number


def _pixels(kind: str, rng: np.random.Generator) -> np.ndarray:
    if kind in ("zeros", "ones"):
        return np.full((SIDE, SIDE, 3), 255 * (kind == "ones"), np.uint8)
    low, high = (0, 16) if kind == "small" else (0, 256)
    return rng.integers(low, high, (SIDE, SIDE, 3)).astype(np.uint8)


def _png(_: FlatGraph, __: Use) -> Maker:
    return lambda kind, rng: media.encode_png(_pixels(kind, rng))


def _bmp(_: FlatGraph, __: Use) -> Maker:
    return lambda kind, rng: media.encode_bmp(_pixels(kind, rng))


def _gif(_: FlatGraph, __: Use) -> Maker:
    return lambda _kind, _rng: media.encode_gif()


def _jpeg(_: FlatGraph, __: Use) -> Maker:
    return lambda kind, rng: bytes(tf.io.encode_jpeg(_pixels(kind, rng)).numpy())


def _wav(_: FlatGraph, use: Use) -> Maker:
    wanted = use.node.attr["desired_samples"].i
    samples = min(wanted, 2**20) if wanted > 0 else SAMPLES

    def make(kind: str, rng: np.random.Generator) -> bytes:
        largest = {"zeros": 0, "small": 64}.get(kind, 2**14)
        wave = rng.integers(-largest, largest + 1, samples)
        return media.encode_wav(np.full(samples, largest) if kind == "ones" else wave)

    return make


def _raw(flat: FlatGraph, use: Use) -> Maker:
    """Bytes of as many numbers as the reshaping after it asks for."""
    width, count = tf.as_dtype(use.node.attr["out_type"].type).size, 64
    for after in flat.uses(use.node.name):
        target = flat.constant(flat.operand(after, 1)) if after.node.op == "Reshape" else None
        if target is not None:
            count = int(np.prod(np.abs(target)))
            break
    size = min(count * width, 2**26)
    return lambda kind, rng: bytes(size) if kind == "zeros" else rng.bytes(size)


def _table_key(flat: FlatGraph, use: Use) -> Maker | None:
    """One of the keys of a table that the graph fills, or a word that is not in it."""
    table = flat.operand(use, 0)
    for other in flat.uses(table):
        keys = flat.constant(flat.operand(other, 1)) if other.operand == 0 else None
        if other.node.op in _FILLS and keys is not None and keys.size and keys.dtype == object:
            choices = [bytes(key) for key in keys.reshape(-1)]
            return lambda kind, rng: _choose(choices, kind, rng)
    return None


_FILLS = ("LookupTableImportV2", "LookupTableImport", "InitializeTableV2", "InitializeTable")


def _choose(choices: list[bytes], kind: str, rng: np.random.Generator) -> bytes:
    if kind == "zeros":
        return b""
    place = 0 if kind == "ones" else int(rng.integers(0, len(choices)))
    return choices[place]


def _csv_line(_: FlatGraph, use: Use) -> Maker:
    fields = len(use.node.attr["OUT_TYPE"].list.type)
    mark = use.node.attr["field_delim"].s or b","
    return lambda kind, rng: mark.join(_number(kind, rng) for _ in range(fields))


def _record(flat: FlatGraph, use: Use) -> Maker | None:
    columns = records.find_columns(flat, use)
    return None if columns is None else lambda kind, rng: records.encode(columns, kind, rng)


_FILES = ("DecodeJpeg", "DecodePng", "DecodeImage", "DecodeBmp", "DecodeGif", "DecodeWav")
_MAKERS: dict[str, Callable[[FlatGraph, Use], Maker | None]] = {
    **dict.fromkeys(("DecodeJpeg", "DecodePng", "DecodeImage"), _png),
    **dict.fromkeys(("DecodeAndCropJpeg", "ExtractJpegShape"), _jpeg),
    **dict.fromkeys(("ParseExample", "ParseExampleV2", "ParseSingleExample"), _record),
    **dict.fromkeys(("LookupTableFindV2", "LookupTableFind"), _table_key),
    "DecodeBmp": _bmp,
    "DecodeGif": _gif,
    "DecodeWav": _wav,
    "DecodeRaw": _raw,
    "DecodeCSV": _csv_line,
    "StringToNumber": lambda _, __: _number,
}
