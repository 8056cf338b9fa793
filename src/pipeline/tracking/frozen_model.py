"""The frozen graph as an MLflow model. MLflow runs this file alone, without the package.

Inputs are raw values, with columns by name; predictions are in the target's own units. TensorFlow
is imported when the model is loaded, because MLflow also runs this file when it logs the model.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class FrozenModel(PythonModel):
    """Feeds `features:0` and fetches `prediction:0`, always in the same session.

    The output column is `prediction`. A classification also has its `probability`, and a
    `probability_NAME` for each class.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read the graph and its sidecar."""
        import tensorflow as tf

        sidecar = json.loads(Path(context.artifacts["signature"]).read_text(encoding="utf-8"))
        ((feed, inputs),) = sidecar["inputs"].items()
        ((fetch, outputs),) = sidecar["outputs"].items()
        self._columns = inputs["columns"]
        # The outputs of a classification are named by its classes, not by the target.
        has_classes = outputs["columns"] != [outputs["target"]]
        self._classes = np.array(outputs["columns"]) if has_classes else None
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
        """Return the prediction for each row."""
        prediction = self._run(model_input[self._columns].to_numpy(np.float32))
        if self._classes is None:
            return pd.DataFrame(prediction, columns=["prediction"])
        table = pd.DataFrame(prediction, columns=[f"probability_{name}" for name in self._classes])
        table.insert(0, "prediction", self._classes[prediction.argmax(1)])
        table.insert(1, "probability", prediction.max(1))
        return table


set_model(FrozenModel())
