"""The frozen graph as an MLflow model. MLflow runs this file alone, without the package.

Columns are found by name; raw values go in, the target's own units come out. TensorFlow is imported
when the model is loaded, as MLflow runs this file also when it merely logs the model.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class FrozenModel(PythonModel):
    """Feeds `features:0` and fetches `prediction:0` in one session for the model's life."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the graph and its signature."""
        import tensorflow as tf

        described = json.loads(Path(context.artifacts["signature"]).read_text(encoding="utf-8"))
        ((feed, given),) = described["inputs"].items()
        ((fetch, found),) = described["outputs"].items()
        self._columns, self._target = given["columns"], found["columns"][0]
        definition = tf.compat.v1.GraphDef()
        definition.ParseFromString(Path(context.artifacts["graph"]).read_bytes())
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(definition, name="")
        self._run = tf.compat.v1.Session(graph=graph).make_callable(fetch, feed_list=[feed])

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return one column, named as the target."""
        features = model_input[self._columns].to_numpy(np.float32)
        return pd.DataFrame({self._target: self._run(features)[:, 0]})


set_model(FrozenModel())
