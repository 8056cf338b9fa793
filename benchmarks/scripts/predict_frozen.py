"""Predict for a CSV file by a frozen graph: MODEL SOURCE TARGET."""

import os
import sys
from pathlib import Path

# As the pipeline does: without Keras the import takes half the time.
os.environ["TF_USE_LEGACY_KERAS"] = "1"

import pandas as pd
import tensorflow as tf

model, source, to = sys.argv[1:]
v1 = tf.compat.v1

definition = v1.GraphDef()
definition.ParseFromString(Path(model).read_bytes())
with tf.Graph().as_default():
    tf.import_graph_def(definition, name="")
    table = pd.read_csv(source)
    with v1.Session() as session:
        table["prediction"] = session.run(
            "prediction:0", {"features:0": table.to_numpy("float64")}
        )[:, 0]
table.to_csv(to, index=False)
