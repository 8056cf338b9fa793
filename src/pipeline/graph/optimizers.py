"""Optimizers of `tf.compat.v1.train`, chosen by name; their parameters are the schema's."""

from typing import Any

import tensorflow as tf

from pipeline.settings import Optimizer

v1 = tf.compat.v1

OPTIMIZERS: dict[str, Any] = {
    "gradient_descent": v1.train.GradientDescentOptimizer,
    "momentum": v1.train.MomentumOptimizer,
    "adam": v1.train.AdamOptimizer,
    "adagrad": v1.train.AdagradOptimizer,
    "adadelta": v1.train.AdadeltaOptimizer,
    "rmsprop": v1.train.RMSPropOptimizer,
    "ftrl": v1.train.FtrlOptimizer,
    "proximal_gradient_descent": v1.train.ProximalGradientDescentOptimizer,
}


def optimizer(settings: Optimizer) -> Any:
    """Make the optimizer that the configuration names."""
    parameters = settings.model_dump()
    return OPTIMIZERS[parameters.pop("name")](**parameters)
