"""Optimizers of `tf.compat.v1.train`, learning-rate schedules and gradient clipping."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from pipeline.errors import DeviceError
from pipeline.schema.training import optimizer as schema
from pipeline.schema.training.train import Clipping

v1 = tf.compat.v1


@dataclass(frozen=True)
class RegisteredOptimizer:
    """A class of TensorFlow, and whether TensorFlow has a kernel of it for GPUs."""

    create: Callable[..., Any]  # the settings are the arguments
    runs_on_gpu: bool = True


OPTIMIZERS = {
    "gradient_descent": RegisteredOptimizer(v1.train.GradientDescentOptimizer),
    "momentum": RegisteredOptimizer(v1.train.MomentumOptimizer),
    "adam": RegisteredOptimizer(v1.train.AdamOptimizer),
    "adagrad": RegisteredOptimizer(v1.train.AdagradOptimizer),
    "adadelta": RegisteredOptimizer(v1.train.AdadeltaOptimizer),
    "rmsprop": RegisteredOptimizer(v1.train.RMSPropOptimizer),
    "ftrl": RegisteredOptimizer(v1.train.FtrlOptimizer),
    "proximal_gradient_descent": RegisteredOptimizer(
        v1.train.ProximalGradientDescentOptimizer, runs_on_gpu=False
    ),
}


def require_device(settings: schema.AnyOptimizer, device: str) -> None:
    """Refuse an optimizer that cannot run on the device, with a `DeviceError`."""
    if "GPU" in device and not OPTIMIZERS[settings.name].runs_on_gpu:
        raise DeviceError(f"TensorFlow has no {settings.name} for GPUs; choose device=cpu")


def create_optimizer(settings: schema.AnyOptimizer, learning_rate: tf.Tensor | float) -> Any:
    """Create the optimizer that the configuration names."""
    parameters = settings.model_dump(exclude={"name", "precondition"})
    return OPTIMIZERS[settings.name].create(**{**parameters, "learning_rate": learning_rate})


class Preconditioner(NamedTuple):
    """What multiplies the gradient of a linear network: F Fᵀ, or D - F Fᵀ with a diagonal D.

    Attributes:
        factor: F, `[inputs + 1, columns] float32`.
        diagonal: of D, `[inputs + 1, 1] float32`; None for F Fᵀ.
    """

    factor: Any
    diagonal: Any = None


def precondition(by: Preconditioner, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Multiply the gradients of a linear network's variables by the preconditioner.

    Args:
        gradients: of the weights, in the order of the inputs, `[…, outputs]` each, and of the
            bias, `[outputs]`.
    """
    *weights, bias = gradients
    gradient = tf.concat([*weights, bias[tf.newaxis]], axis=0)
    product = tf.matmul(by.factor, tf.matmul(by.factor, gradient, transpose_a=True))
    gradient = product if by.diagonal is None else by.diagonal * gradient - product
    *weights, last = tf.split(gradient, [*(one.shape[0] for one in weights), 1])
    return [*weights, last[0]]


def compute_learning_rate(
    settings: schema.Optimizer, schedule: schema.Schedule, step: tf.Tensor
) -> tf.Tensor | float:
    """Return the learning rate after `step` steps; a Python number where it is constant."""
    base, done = settings.learning_rate, tf.cast(step, tf.float32)
    match schedule:
        case schema.Exponential():
            return base * tf.pow(schedule.rate, done / schedule.steps)
        case schema.Cosine():
            cosine = 0.5 * (1 + tf.cos(math.pi * tf.minimum(done / schedule.steps, 1.0)))
            return base * (schedule.floor + (1 - schedule.floor) * cosine)
        case schema.Piecewise():
            boundaries = tf.constant(schedule.boundaries, tf.float32)
            passed = tf.reduce_sum(tf.cast(done > boundaries, tf.int32))
            return base * tf.gather(tf.constant(schedule.factors, tf.float32), passed)
        case schema.WarmUp():
            return base * tf.minimum((done + 1) / schedule.steps, 1.0)
        case _:
            return base


def clip_gradients(settings: Clipping, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
    """Limit gradients that are too large."""
    match settings.by:
        case "value":
            return [tf.clip_by_value(gradient, -settings.at, settings.at) for gradient in gradients]
        case "norm":
            return [tf.clip_by_norm(gradient, settings.at) for gradient in gradients]
        case "global_norm":
            return list(tf.clip_by_global_norm(gradients, settings.at)[0])
        case _:
            return gradients
