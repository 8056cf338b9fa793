"""Optimizers of `tf.compat.v1.train`, learning-rate schedules and gradient clipping."""

import math
from typing import Any

import tensorflow as tf

from pipeline.errors import DeviceError
from pipeline.settings import optimizer as schema
from pipeline.settings.train import Clipping

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


def require_device(settings: schema.Optimizer, device: str) -> None:
    """Refuse an optimizer that cannot run on the device.

    Raises:
        DeviceError: naming both.
    """
    name = settings.model_dump()["name"]
    if "GPU" in device and name in CPU_ONLY:
        raise DeviceError(f"TensorFlow has no {name} for GPUs; choose device=cpu")


def optimizer(settings: schema.Optimizer, learning_rate: tf.Tensor | float) -> Any:
    """Make the optimizer that the configuration names."""
    parameters = {**settings.model_dump(), "learning_rate": learning_rate}
    return OPTIMIZERS[parameters.pop("name")](**parameters)


def learning_rate(
    settings: schema.Optimizer, schedule: schema.Schedule, step: tf.Tensor
) -> tf.Tensor | float:
    """Return the learning rate of a step; a number where it stays the same.

    Args:
        step: steps done before, a scalar integer.
    """
    base, done = settings.learning_rate, tf.cast(step, tf.float32)
    match schedule:
        case schema.Exponential():
            return base * tf.pow(schedule.rate, done / schedule.steps)
        case schema.Cosine():
            share = tf.minimum(done / schedule.steps, 1.0)
            cosine = 0.5 * (1 + tf.cos(math.pi * share))
            return base * (schedule.floor + (1 - schedule.floor) * cosine)
        case schema.Piecewise():
            passed = tf.reduce_sum(
                tf.cast(done > tf.constant(schedule.boundaries, tf.float32), tf.int32)
            )
            return base * tf.gather(tf.constant(schedule.factors, tf.float32), passed)
        case schema.WarmUp():
            return base * tf.minimum((done + 1) / schedule.steps, 1.0)
        case _:
            return base


def clipped(settings: Clipping, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Cut gradients that are too large."""
    match settings.by:
        case "value":
            return [tf.clip_by_value(gradient, -settings.at, settings.at) for gradient in gradients]
        case "norm":
            return [tf.clip_by_norm(gradient, settings.at) for gradient in gradients]
        case "global_norm":
            return list(tf.clip_by_global_norm(gradients, settings.at)[0])
        case _:
            return gradients
