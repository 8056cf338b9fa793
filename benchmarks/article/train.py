"""The article's first script: train, save a checkpoint and a frozen graph."""

import sys

import tensorflow.compat.v1 as tf
from data import splits

tf.disable_eager_execution()

steps = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
train_x, test_x, train_y, test_y = splits()
features = tf.placeholder(tf.float32, [None, 4], name="features")
label = tf.placeholder(tf.float32, [None, 1], name="label")
weights = tf.Variable(tf.random_normal([4, 1]), name="weights")
bias = tf.Variable(tf.ones([1]), name="bias")
prediction = tf.add(tf.matmul(features, weights), bias, name="prediction")
loss = tf.reduce_mean(tf.square(prediction - label), name="loss")
step = tf.train.GradientDescentOptimizer(0.2).minimize(loss)
saver = tf.train.Saver(max_to_keep=4, keep_checkpoint_every_n_hours=2)

with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for i in range(steps):
        session.run(step, {features: train_x, label: train_y})
        if (i + 1) % (steps // 4) == 0:
            saver.save(session, f"{sys.argv[2]}/model.ckpt", global_step=i + 1)
    print("test", session.run(loss, {features: test_x, label: test_y}))
    frozen = tf.graph_util.convert_variables_to_constants(
        session, session.graph.as_graph_def(), ["prediction"]
    )
    with tf.gfile.GFile(f"{sys.argv[2]}/model.pb", "wb") as file:
        file.write(frozen.SerializeToString())
