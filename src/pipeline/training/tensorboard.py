"""Event files for TensorBoard: the graph, scalars, histograms, images, embeddings.

They are written beside the training and change none of its numbers.
"""

import logging
from typing import Any, Self

import numpy as np
import tensorflow as tf

from pipeline.data.prepared.dataset import read_split
from pipeline.graph.step import FED_FEATURES, FED_LABEL, FED_LOSS
from pipeline.schema.training.train import Train
from pipeline.training.graph import TrainedGraph, feed
from pipeline.training.job import TrainingJob
from pipeline.training.loop import Call
from pipeline.training.observer import Observer, State, Turn, observer

v1 = tf.compat.v1

_log = logging.getLogger(__name__)

# Rows of which gradients and embeddings are shown.
MAX_ROWS = 1000
MAX_IMAGES = 32


@observer(Turn.SHOW)
class TensorBoard(Observer):
    """Writes event files. Its operations become part of the training graph."""

    def __init__(self, job: TrainingJob, training: TrainedGraph) -> None:
        settings = job.settings
        run = f"{settings.model.name}-{settings.optimizer.name}-{job.folder.name[:7]}"
        self._folder = job.workspace.tensorboard / run
        self._graph, self._classes = training.graph, job.dataset.classes
        self._every = settings.train.tensorboard_every
        sample = read_split("sample", job.workspace.prepared)
        self._feed = feed(sample.select(slice(MAX_ROWS)))
        with self._graph.as_default(), tf.name_scope("summaries"):
            variables = [v for v in v1.trainable_variables() if v.op.name in training.weights]
            gradients = tf.gradients(self._graph.get_tensor_by_name(FED_LOSS), variables)
            for variable, gradient in zip(variables, gradients, strict=True):
                v1.summary.histogram(f"weights/{variable.op.name}", variable)
                v1.summary.histogram(f"gradients/{variable.op.name}", gradient)
                if variable.shape.rank == 4:
                    # Filters as images of their first channel, `[filters, height, width, 1]`.
                    images = tf.transpose(variable[:, :, :1, :], [3, 0, 1, 2])
                    v1.summary.image(f"filters/{variable.op.name}", images, MAX_IMAGES)
            for tensor in self._activations():
                if tensor.shape.rank == 4:
                    # The first example's channels as images, `[channels, height, width, 1]`.
                    images = tf.transpose(tensor[:1], [3, 1, 2, 0])
                    v1.summary.image(f"activations/{tensor.op.name}", images, MAX_IMAGES)
            self._all = v1.summary.merge_all()

    @staticmethod
    def is_needed(settings: Train) -> bool:
        """Tell whether `train.tensorboard` is set."""
        return settings.tensorboard

    @staticmethod
    def interval(settings: Train) -> int | None:
        """Return the number of steps between histograms and images."""
        return settings.tensorboard_every if settings.tensorboard else None

    def __enter__(self) -> Self:
        _log.info("%s: event files; `make tensorboard` shows them", self._folder)
        with self._graph.as_default():
            self._writer = v1.summary.FileWriter(str(self._folder), self._graph)
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def begin(self, state: State) -> None:
        """Tell TensorBoard that later events of an interrupted training are invalid."""
        self._writer.add_session_log(v1.SessionLog(status=v1.SessionLog.START), state.step + 1)

    def after(self, state: State, call: Call) -> None:
        """Write points of the learning curve, and histograms and images if they are due."""
        for step, values in state.points:
            scalars = v1.Summary()
            for name, value in values.items():
                scalars.value.add(tag=name, simple_value=float(value))
            self._writer.add_summary(scalars, step)
        if state.step % self._every == 0 or state.is_last:
            self._writer.add_summary(state.session.run(self._all, self._feed), state.step)
        if state.is_last and self._classes:
            self._embed(state.session)

    def save(self) -> None:
        """Write out what is buffered, before a checkpoint that training can go on from."""
        self._writer.flush()

    def _activations(self) -> list[tf.Tensor]:
        """Return the activations of the inference graph, in order."""
        return [
            operation.outputs[0]
            for operation in self._graph.get_operations()
            if operation.name.startswith("network/") and operation.name.endswith("/activation")
        ]

    def _embed(self, session: Any) -> None:
        """Write the output of the last hidden layer, for TensorBoard's projector."""
        activations = self._activations()
        layer = activations[-1] if activations else self._graph.get_tensor_by_name(FED_FEATURES)
        if 0 in layer.shape.as_list():
            return  # of a table of text alone, which has no numbers to show
        label = self._feed[FED_LABEL][:, 0]
        values = session.run(layer, self._feed).reshape(len(label), -1)
        np.savetxt(self._folder / "embeddings.tsv", values, "%.6g", delimiter="\t")
        classes = [self._classes[int(number)] for number in label]
        (self._folder / "classes.tsv").write_text("\n".join(classes) + "\n", encoding="utf-8")
        (self._folder / "projector_config.pbtxt").write_text(
            f'embeddings {{\n  tensor_name: "{layer.op.name}"\n'
            '  tensor_path: "embeddings.tsv"\n  metadata_path: "classes.tsv"\n}\n',
            encoding="utf-8",
        )
