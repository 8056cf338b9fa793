"""Predictions by a third-party model: its inputs are columns, or arrays."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.data.tables import Table
from pipeline.errors import ArtifactError, DataError, listing
from pipeline.feeding import array_files
from pipeline.feeding.columns import Assigned, ColumnReader, assign_columns
from pipeline.foreign.described import require_described
from pipeline.foreign.loading import Choice, load
from pipeline.graph.runner import Runner
from pipeline.graphdef.locate import locate
from pipeline.prediction.arrays import predict_arrays, run_in_batches
from pipeline.prediction.copying import plan_copy
from pipeline.prediction.features import REMEDY
from pipeline.prediction.options import Options
from pipeline.prediction.rows import Outputs, Reading, RowModel, SkippedRows, predict_rows, unused
from pipeline.prediction.writing import open_sink


def predict(model: Path, source: Path, to: Path, options: Options) -> str:
    """Write predictions for a table or for arrays, as `pipeline.prediction.predict` says."""
    if options.probabilities:
        raise DataError("--probabilities: this model has no classes; its outputs are written whole")
    choice = Choice(
        signature=options.signature,
        tags=options.tags,
        rename=options.rename,
        ema=options.ema,
        trust=options.trust,
    )
    require_described(model)
    with load(locate(model), choice) as loaded:
        if not loaded.interface.inputs:
            raise ArtifactError(f"{model} has no inputs, so there is nothing to predict from")
        runner = loaded.runner()
        if array_files.is_array_file(source):
            return predict_arrays(runner, source, to, options.skips)
        return _predict_table(runner, Table(source), to, options)


def _predict_table(runner: Runner, table: Table, to: Path, options: Options) -> str:
    inputs = runner.interface.inputs
    assigned = assign_columns(inputs, table, options.columns)
    words = [name for s in inputs if s.dtype == "string" for name in assigned.columns[s.name]]
    copy = plan_copy(table, to, words)
    model, rows = _ForeignModel(runner, table, assigned, copy.text), 0
    skipped = SkippedRows() if options.skips else None
    with open_sink(to, copy.types) as sink:
        for piece, outputs in predict_rows(model, table, skipped):
            kept = piece.drop(columns=assigned.columns_of_arrays())
            sink.append(kept.rename(columns=copy.names), outputs)
            rows += len(piece)
    said = f"{rows:,} rows, outputs {', '.join(model.outputs.values())}"
    if name := assigned.by_place:
        said += f"; {name} takes all columns in this order: {listing(assigned.columns[name])}"
    return f"{said}; {skipped}" if skipped and str(skipped) else said


class _ForeignModel(RowModel):
    """Predicts from columns.

    Attributes:
        outputs: names of the columns of predictions, by the names of outputs.
    """

    def __init__(
        self, runner: Runner, table: Table, assigned: Assigned, text: tuple[str, ...]
    ) -> None:
        self.runner, self.table, self.assigned, self.text = runner, table, assigned, text
        self.outputs: dict[str, str] = {}

    def begin(self, before: int) -> Reading:
        return _ForeignReading(self, before)

    def columns(self, inputs: dict[str, np.ndarray]) -> Outputs:
        """Return the outputs by names that the table does not have."""
        found = run_in_batches(self.runner, inputs)
        for name in found:
            self.outputs.setdefault(name, unused(name, self.table.columns))
        return {self.outputs[name]: array for name, array in found.items()}


class _ForeignReading:
    def __init__(self, model: _ForeignModel, before: int) -> None:
        table = model.table
        self._model, self._table = model, table
        self._columns = ColumnReader(
            model.runner.interface.inputs, model.assigned, table.path, table.decimal, before
        )

    def predict(self, piece: pd.DataFrame) -> Outputs | None:
        inputs = self._columns.read(piece)
        return None if inputs is None else self._model.columns(inputs)

    def finish(self) -> None:
        self._columns.require_numbers(REMEDY)
