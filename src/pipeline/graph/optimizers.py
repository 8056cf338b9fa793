"""Optimizers of `tf.compat.v1.train`, chosen by name; their parameters are the schema's."""

from typing import Any

import tensorflow as tf

from pipeline.errors import DeviceError
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


# TensorFlow has no kernel for GPUs for these.
CPU_ONLY = {"proximal_gradient_descent"}


def optimizer(settings: Optimizer, device: str) -> Any:
    """Make the optimizer that the configuration names.

    Raises:
        DeviceError: it cannot run on the device.
    """
    parameters = settings.model_dump()
    if "GPU" in device and parameters["name"] in CPU_ONLY:
        raise DeviceError(f"TensorFlow has no {parameters['name']} for GPUs; choose device=cpu")
    return OPTIMIZERS[parameters.pop("name")](**parameters)
