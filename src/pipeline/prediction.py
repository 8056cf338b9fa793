"""A model's prediction for each row of a table, however long the table is."""

from pathlib import Path

import pandas as pd
import pyarrow

from pipeline import files
from pipeline.artifacts.signature import named
from pipeline.data.sources import Features
from pipeline.data.tables import Table, TableWriter, is_parquet
from pipeline.errors import DataError
from pipeline.runtimes.forms import open_model


def predict(model: Path, source: Path, to: Path) -> str:
    """Write a table with the columns of another, and the prediction.

    Args:
        model: a frozen graph, a SavedModel folder or a checkpoint folder.
        source: CSV or Parquet with the model's features, found by name, or what they derive from.
        to: CSV or Parquet; what is there is replaced when all rows are predicted.

    Returns:
        A sentence that says what was written.

    Raises:
        ArtifactError: there is no such model.
        DataError: the table cannot be read, or does not fit the model.
    """
    if to.resolve() == source.resolve():
        raise DataError(f"{to} is the input; give another file with -o")
    if to.exists() and not to.is_file():
        raise DataError(f"{to} is no file; give a file to write with -o")
    table, rows = Table(source), 0
    kinds = table.kinds() if is_parquet(to) else dict.fromkeys(table.columns, pyarrow.string())
    text = [name for name, kind in kinds.items() if kind == pyarrow.string()]
    with (
        open_model(model) as runtime,
        files.replacing(to) as partial,
        TableWriter(partial, kinds) as writer,
    ):
        of = runtime.signature
        features = Features(of.source, of.features, table.columns, source)
        for piece in table.pieces(text):
            inputs = features.read(piece)
            if inputs is None:
                continue
            for name, values in named(of, runtime.predict(inputs)).items():
                if name in table.columns:
                    raise DataError(f"{source} already has a column {name!r}; rename or drop it")
                piece[name] = pd.Series(values, dtype="str") if values.dtype == object else values
            writer.append(piece)
            rows += len(piece)
        features.require()
    return f"{to}: {rows:,} rows, prediction is {of.target}"
