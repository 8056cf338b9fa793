"""Arrays in files: `.npy`, `.npz` and JSON. Nothing is unpickled.

Sizes are read from headers, and refused before memory is taken.
"""

import base64
import binascii
import json
import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.errors import DataError, one_line

Arrays = dict[str, np.ndarray]

ENDINGS = (".npy", ".npz", ".json")
MOST_BYTES = 2**31  # of the arrays of a file
MOST_BYTES_OF_JSON = 2**28
ONLY = ""  # the name of an array that has none

_BINARY = "b64"
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, RecursionError)


def is_array_file(path: Path) -> bool:
    """Tell whether a file holds arrays and nothing that could be columns of a table."""
    return path.suffix.lower() in ENDINGS


def read_arrays(path: Path) -> Arrays:
    """Read the arrays of a file by name; one without a name is called `ONLY`.

    Text is `bytes` in arrays of objects.

    Raises:
        DataError: the file is missing, damaged, too large, or needs pickle.
    """
    try:
        match path.suffix.lower():
            case ".npy":
                with path.open("rb") as file:
                    return {ONLY: _as_bytes(_read_npy(file, path, MOST_BYTES))}
            case ".npz":
                return _read_npz(path)
            case ".json":
                return _read_json(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give an existing one") from None
    except _UNREADABLE as error:
        raise DataError(f"{path} cannot be read: {one_line(error)}; fix or replace it") from None
    raise DataError(f"{path}: arrays are read from {', '.join(ENDINGS)}")


def to_array(value: Any, where: str) -> np.ndarray:
    """Return nested lists of JSON as an array: numbers, booleans, or objects of `bytes`.

    Raises:
        DataError: lists of one level have several lengths, or it is not an array.
    """
    value = _to_plain(value)
    try:
        array = np.asarray(value)
    except ValueError:
        raise DataError(f"{where}: lists of one level have several lengths") from None
    if array.dtype.kind == "O":
        raise DataError(f"{where}: null, objects and numbers beyond 64 bits are no values")
    return _as_bytes(array) if array.dtype.kind == "U" else _as_cells(array, value)


def _as_cells(array: np.ndarray, value: Any) -> np.ndarray:
    """Return fixed bytes as objects; NumPy loses NUL at their end, so they are taken again."""
    if array.dtype.kind != "S":
        return array
    cells = np.empty(array.shape, object)
    flat = [value]
    for _ in array.shape:
        flat = [item for inner in flat for item in inner]
    cells.reshape(-1)[:] = flat
    return cells


def _to_plain(value: Any) -> Any:
    """Replace `{"b64": …}` and text by bytes."""
    match value:
        case {"b64": str(text)}:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error:
                raise DataError(f"{text[:40]!r} is not base64") from None
        case str():
            return value.encode()
        case list():
            return [_to_plain(inner) for inner in value]
    return value


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """Return text as objects of `bytes`."""
    if array.dtype.kind not in "US":
        return array
    cells = np.empty(array.shape, object)
    flat = array.reshape(-1).tolist()
    cells.reshape(-1)[:] = [cell.encode() if isinstance(cell, str) else cell for cell in flat]
    return cells


def _read_npy(file: IO[bytes], path: Path, most: int) -> np.ndarray:
    """Read one array, whose header says first how large it is."""
    version = np.lib.format.read_magic(file)
    read_header: Any = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise DataError(f"{path}: .npy of version {version[0]} is not read; save it again")
    shape, is_fortran, dtype = read_header(file)
    if dtype.hasobject:
        raise DataError(f"{path} holds Python objects, which need pickle; save numbers or text")
    count = math.prod(shape)
    size = count * dtype.itemsize
    if size > most:
        raise DataError(f"{path} holds {size:,} bytes; at most {most:,} are read")
    content = file.read(size)
    if len(content) < size:
        raise DataError(f"{path} is truncated: {len(content):,} of {size:,} bytes")
    flat = np.frombuffer(content, dtype, count)
    return flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)


def _read_npz(path: Path) -> Arrays:
    arrays, left = Arrays(), MOST_BYTES
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                array = _read_npy(member, path, left)
            left -= array.nbytes
            arrays[name.removesuffix(".npy")] = _as_bytes(array)
    return arrays


def _read_json(path: Path) -> Arrays:
    """Read `{input name: values}`, a list, or a request of TensorFlow Serving."""
    if path.stat().st_size > MOST_BYTES_OF_JSON:
        raise DataError(f"{path} is larger than {MOST_BYTES_OF_JSON:,} bytes; give .npz")
    value = json.loads(path.read_bytes())
    match value:
        case {"instances": list(rows)} if all(_is_row(row) for row in rows):
            found = [{k: to_array(v, f"{path}, {k}") for k, v in row.items()} for row in rows]
            return _stack(found, path)
        case {"instances": values} | {"inputs": values} if not isinstance(values, dict):
            return {ONLY: to_array(values, str(path))}
        case {"inputs": dict(values)}:
            value = values
        case list():
            return {ONLY: to_array(value, str(path))}
    if not isinstance(value, dict):
        raise DataError(f"{path}: give an object of input names and arrays, or one array")
    return {name: to_array(inner, f"{path}, {name}") for name, inner in value.items()}


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and row.keys() != {_BINARY}


def _stack(rows: list[Arrays], path: Path) -> Arrays:
    """Return rows as one array for each name."""
    if not rows:
        raise DataError(f"{path} is empty; rows are needed")
    for number, row in enumerate(rows, 1):
        if row.keys() != rows[0].keys():
            raise DataError(f"{path}: row {number} (counted from 1) has other names than row 1")
    try:
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    except ValueError:
        raise DataError(f"{path}: the rows have several shapes") from None
