"""Event files for TensorBoard: the graph, scalars, histograms, images, embeddings.

They are written beside the training and change none of its numbers.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import tensorflow as tf

from pipeline.data.prepared import Dataset, Split
from pipeline.graph.inference import FEATURES, LABEL
from pipeline.graph.training import LOSS, TrainingGraph
from pipeline.history import Point

v1 = tf.compat.v1

# Rows that gradients and embeddings are shown of.
MOST_ROWS = 1000
MOST_IMAGES = 32


class Summaries:
    """Writes event files while a training runs.

    Its operations become part of the graph, which must not be finalized yet.

    Args:
        training: the graph.
        dataset, rows: what it is trained on.
        folder: for the event files; those of an interrupted training may be there.
        every: histograms and images are drawn every so many steps.
    """

    def __init__(
        self, training: TrainingGraph, dataset: Dataset, rows: Split, folder: Path, every: int
    ) -> None:
        self._graph, self._dataset, self._folder, self._every = (
            training.graph,
            dataset,
            folder,
            every,
        )
        self._feed = {
            f"{FEATURES}:0": rows.features[:MOST_ROWS],
            f"{LABEL}:0": rows.label[:MOST_ROWS],
        }
        self._label = rows.label[:MOST_ROWS, 0]
        with self._graph.as_default(), tf.name_scope("summaries"):
            variables = [v for v in v1.trainable_variables() if v.op.name in training.weights]
            gradients = tf.gradients(self._graph.get_tensor_by_name(f"{LOSS}:0"), variables)
            for variable, gradient in zip(variables, gradients, strict=True):
                v1.summary.histogram(f"weights/{variable.op.name}", variable)
                v1.summary.histogram(f"gradients/{variable.op.name}", gradient)
                if variable.shape.rank == 4:
                    v1.summary.image(f"filters/{variable.op.name}", _filters(variable), MOST_IMAGES)
            for tensor in self._activations():
                if tensor.shape.rank == 4:
                    v1.summary.image(
                        f"activations/{tensor.op.name}", _channels(tensor), MOST_IMAGES
                    )
            self._all = v1.summary.merge_all()

    def _activations(self) -> list[tf.Tensor]:
        """Return the activations of the inference graph, in order."""
        return [
            operation.outputs[0]
            for operation in self._graph.get_operations()
            if operation.name.startswith("network/") and operation.name.endswith("/activation")
        ]

    def __enter__(self) -> Self:
        with self._graph.as_default():
            self._writer = v1.summary.FileWriter(str(self._folder), self._graph)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()

    def begin(self, step: int) -> None:
        """Tell TensorBoard that what an interrupted training wrote after `step` is void."""
        self._writer.add_session_log(v1.SessionLog(status=v1.SessionLog.START), step + 1)

    def add(self, points: Sequence[Point]) -> None:
        """Write points of the learning curve."""
        for step, values in points:
            scalars = [
                v1.Summary.Value(tag=name, simple_value=float(value))
                for name, value in values.items()
            ]
            self._writer.add_summary(v1.Summary(value=scalars), step)

    def save(self) -> None:
        """Write out what is buffered, before a checkpoint that training could go on from."""
        self._writer.flush()

    def draw(self, session: Any, step: int, last: bool) -> None:
        """Write histograms and images, if they are due; at last also the embeddings."""
        if step % self._every == 0 or last:
            self._writer.add_summary(session.run(self._all, self._feed), step)
        if last and self._dataset.task == "classification":
            self._embed(session)

    def _embed(self, session: Any) -> None:
        """Write what the last hidden layer makes of the rows, for TensorBoard's projector."""
        activations = self._activations()
        layer = activations[-1] if activations else self._graph.get_tensor_by_name(f"{FEATURES}:0")
        values = session.run(layer, self._feed).reshape(len(self._label), -1)
        np.savetxt(self._folder / "embeddings.tsv", values, "%.6g", delimiter="\t")
        classes = [self._dataset.classes[int(number)] for number in self._label]
        (self._folder / "classes.tsv").write_text("\n".join(classes) + "\n", encoding="utf-8")
        (self._folder / "projector_config.pbtxt").write_text(
            f'embeddings {{\n  tensor_name: "{layer.op.name}"\n'
            '  tensor_path: "embeddings.tsv"\n  metadata_path: "classes.tsv"\n}\n',
            encoding="utf-8",
        )


def _filters(weights: tf.Tensor) -> tf.Tensor:
    """Return filters as images of their first channel, `[filters, height, width, 1]`."""
    return tf.transpose(weights[:, :, :1, :], [3, 0, 1, 2])


def _channels(activation: tf.Tensor) -> tf.Tensor:
    """Return the first example's channels as images, `[channels, height, width, 1]`."""
    return tf.transpose(activation[:1], [3, 1, 2, 0])
