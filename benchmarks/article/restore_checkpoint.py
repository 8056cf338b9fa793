"""The article's second script: import the meta graph, restore the checkpoint, predict."""

import sys

import tensorflow.compat.v1 as tf
from data import splits

tf.disable_eager_execution()

_, test_x, _, test_y = splits()
with tf.Session() as session:
    latest = tf.train.latest_checkpoint(sys.argv[2])
    saver = tf.train.import_meta_graph(f"{latest}.meta")
    saver.restore(session, latest)
    print("test", session.run("loss:0", {"features:0": test_x, "label:0": test_y}))
