"""Writes the rows of a split block by block: arrays with the bytes of `np.save`, and text."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.prepared.dataset import TEXT_FILE, EncodedRows, Split


class RowsWriter(ExitStack):
    """Writes the rows of one split block by block: arrays with the bytes of `np.save`, and text.

    The folder is created.

    Args:
        arrays: dtype and shape of each array, by its name.
        text: names of the text columns.
    """

    def __init__(
        self, folder: Path, arrays: Mapping[str, tuple[Any, tuple[int, ...]]], text: Sequence[str]
    ) -> None:
        super().__init__()
        folder.mkdir(parents=True)
        self._dtypes = {name: np.dtype(dtype) for name, (dtype, _) in arrays.items()}
        self._files = {}
        for name, (_, shape) in arrays.items():
            file = self.enter_context((folder / f"{name}.npy").open("wb"))
            description = np.lib.format.dtype_to_descr(self._dtypes[name])
            header = {"descr": description, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            self._files[name] = file
        self._text = self.enter_context(_TextWriter(folder / TEXT_FILE, text)) if text else None

    def append(self, rows: Split | EncodedRows) -> None:
        """Write the next rows."""
        for name, file in self._files.items():
            np.ascontiguousarray(getattr(rows, name), self._dtypes[name]).tofile(file)
        if isinstance(rows, Split) and self._text:
            self._text.append(rows.text)


class _TextWriter(ExitStack):
    """Writes text cells block by block."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        import pyarrow.parquet  # takes a third of a second, and most data sets have no text

        super().__init__()
        self._schema = pyarrow.schema([(name, pyarrow.string()) for name in names])
        self._writer = self.enter_context(pyarrow.parquet.ParquetWriter(path, self._schema))

    def append(self, text: np.ndarray) -> None:
        import pyarrow

        columns = [pyarrow.array(cells, pyarrow.string()) for cells in text.T]
        self._writer.write_table(pyarrow.Table.from_arrays(columns, schema=self._schema))
