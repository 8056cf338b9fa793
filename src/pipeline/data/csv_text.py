"""The text of a CSV file: checked as a whole before its rows are used."""

import codecs
import re
from pathlib import Path

from pipeline.data.compression import UNPACKED_RATIO, open_reader, unpacked_limit
from pipeline.errors import DataError

CHUNK_BYTES = 2**20
SAMPLE_BYTES = 2**18  # in which the separator is looked for
# The first line that is not blank, and what is before it; it matches any text.
HEADER = re.compile(rb"(?:\xef\xbb\xbf)?\s*[^\r\n]*")

MAGIC_BYTES = {
    b"\xff\xfe": "UTF-16; save it as UTF-8",
    b"\xfe\xff": "UTF-16; save it as UTF-8",
    b"PAR1": "a Parquet file; rename it to .parquet",
    b"ARROW1": "an Arrow file; rename it to .arrow",
    b"PK\x03\x04": "a ZIP archive or a spreadsheet; save the table as CSV, or name it .csv.zip",
    b"\x1f\x8b": "compressed with gzip; rename it to .csv.gz",
}


def require_text(path: Path) -> bool:
    """Check the whole file before its rows are used; tell whether cells of rows may be quoted."""
    limit = unpacked_limit(path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, has_quotes = 0, False
    with open_reader(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            if size == 0:
                for magic, what in MAGIC_BYTES.items():
                    if chunk.startswith(magic):
                        raise DataError(f"{path} is {what}")
            _require_utf8(decoder, chunk, size, path)
            if b"\0" in chunk:
                line = _line_number(path, size + chunk.index(b"\0"))
                raise DataError(
                    f"{path} has a NUL byte in line {line}, so it is damaged, binary or UTF-16;"
                    " give text in UTF-8"
                )
            has_quotes = has_quotes or b'"' in chunk[0 if size else _header_end(chunk) :]
            size += len(chunk)
            if size > limit:
                raise DataError(
                    f"{path} unpacks to more than {limit / 1e6:,.0f} MB, over {UNPACKED_RATIO}"
                    " times its size; if this is intended, decompress it and give the plain file"
                )
    _require_utf8(decoder, b"", size, path, is_end=True)
    return has_quotes


def read_sample(path: Path) -> tuple[bytes, bool]:
    """Return the beginning of a file, with the whole header, and whether it is the whole file."""
    with open_reader(path) as file:
        sample = chunk = file.read(SAMPLE_BYTES)
        # The pattern matches any bytes, if only none of them.
        while chunk and HEADER.match(sample).end() == len(sample):  # type: ignore[union-attr]
            chunk = file.read(SAMPLE_BYTES)
            sample += chunk
        rest = file.read(SAMPLE_BYTES)
        return sample + rest, len(rest) < SAMPLE_BYTES


def _require_utf8(
    decoder: codecs.IncrementalDecoder, chunk: bytes, offset: int, path: Path, is_end: bool = False
) -> None:
    pending = len(decoder.getstate()[0])
    if chunk.isascii() and not pending:  # ten times as fast as decoding
        return
    try:
        decoder.decode(chunk, is_end)
    except UnicodeDecodeError as error:
        line = _line_number(path, offset - pending + error.start)
        raise DataError(
            f"{path} is not text in UTF-8: byte 0x{error.object[error.start]:02x} in line {line};"
            " save it as CSV in UTF-8"
        ) from None


def _line_number(path: Path, offset: int) -> int:
    """Return the line, counted from 1, that contains a byte."""
    line = 1
    with open_reader(path) as file:
        while offset and (chunk := file.read(min(CHUNK_BYTES, offset))):
            line += chunk.count(b"\n")
            offset -= len(chunk)
    return line


def _header_end(chunk: bytes) -> int:
    """Return where the header ends; 0 if a quoted name may contain a line break."""
    # As above, there is always a match.
    header = HEADER.match(chunk)[0]  # type: ignore[index]
    return 0 if header.count(b'"') % 2 else len(header)
