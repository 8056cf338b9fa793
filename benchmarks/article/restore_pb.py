"""The article's third script: import the frozen graph, predict."""

import sys

import numpy as np
import tensorflow.compat.v1 as tf
from data import splits

tf.disable_eager_execution()

_, test_x, _, test_y = splits()
with tf.gfile.GFile(f"{sys.argv[2]}/model.pb", "rb") as file:
    graph = tf.GraphDef()
    graph.ParseFromString(file.read())
tf.import_graph_def(graph, name="")
with tf.Session() as session:
    prediction = session.run("prediction:0", {"features:0": test_x})
    print("test", np.mean(np.square(prediction - test_y)))
