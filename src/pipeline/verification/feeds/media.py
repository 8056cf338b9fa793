"""Files of sound and images as bytes, the same on every machine and without another library."""

import struct
import zlib

import numpy as np


def encode_png(pixels: np.ndarray) -> bytes:
    """Return a PNG image of `[height, width, 3] uint8`, not compressed."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)  # each begins with its filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(rows, level=0)
    parts = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_part(kind, content) for kind, content in parts)


def _png_part(kind: bytes, content: bytes) -> bytes:
    length, check = len(content), zlib.crc32(kind + content)
    return struct.pack(">I", length) + kind + content + struct.pack(">I", check)


def encode_bmp(pixels: np.ndarray) -> bytes:
    """Return a BMP image of `[height, width, 3] uint8`; the width is a multiple of 4."""
    height, width, _ = pixels.shape
    data = pixels[::-1, :, ::-1].tobytes()  # from the last row, blue first
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(data), 0, 0, 0, 0)
    begin = 14 + len(header)
    return struct.pack("<2sIHHI", b"BM", begin + len(data), 0, 0, begin) + header + data


def encode_wav(samples: np.ndarray, rate: int = 16_000) -> bytes:
    """Return a WAV file of `[samples] int16`, one channel."""
    data = samples.astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    chunks = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"data", data)
    return _chunk(b"RIFF", chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content


def encode_gif() -> bytes:
    """Return a GIF image of one black pixel."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0;"
