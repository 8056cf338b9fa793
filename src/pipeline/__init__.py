"""Train, freeze and prove static-graph TensorFlow models, reproducibly."""
