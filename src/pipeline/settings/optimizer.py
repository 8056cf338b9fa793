"""The schema of `optimizer` and `schedule`; the optimizers' names are those of `tf.compat.v1`."""

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.settings.basis import Count, NotNegative, Positive, Section, Share, about

Momentum = Annotated[float, Field(ge=0, lt=1)]


class Optimizer(Section):
    """What every optimizer has in common; the names are those of `tf.compat.v1.train`."""

    learning_rate: Positive = about("step size", "per step")


class GradientDescent(Optimizer):
    """Plain gradient descent."""

    name: Literal["gradient_descent"]


class MomentumDescent(Optimizer):
    """Gradient descent with momentum."""

    name: Literal["momentum"]
    momentum: Momentum = about("share of the last update that is kept", "0..1")
    use_nesterov: bool = about("take the gradient after the momentum step")


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015)."""

    name: Literal["adam"]
    beta1: Momentum = about("decay of the mean of the gradients", "0..1")
    beta2: Momentum = about("decay of the mean of their squares", "0..1")
    epsilon: Positive = about("keeps the division finite")


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011)."""

    name: Literal["adagrad"]
    initial_accumulator_value: Positive = about("start of the sum of squared gradients")


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012)."""

    name: Literal["adadelta"]
    rho: Momentum = about("decay of both running means", "0..1")
    epsilon: Positive = about("keeps the division finite; sets the size of the first steps")


class RmsProp(Optimizer):
    """RMSProp (Tieleman and Hinton, 2012)."""

    name: Literal["rmsprop"]
    decay: Momentum = about("decay of the mean of the squared gradients", "0..1")
    momentum: Momentum = about("share of the last update that is kept", "0..1")
    epsilon: Positive = about("keeps the division finite")


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013)."""

    name: Literal["ftrl"]
    learning_rate_power: Annotated[float, Field(le=0)] = about("decay of the learning rate")
    initial_accumulator_value: Positive = about("start of the sum of squared gradients")
    l1_regularization_strength: NotNegative = about("strength of the L1 penalty")
    l2_regularization_strength: NotNegative = about("strength of the L2 penalty")


class ProximalGradientDescent(Optimizer):
    """Gradient descent with exact L1 and L2 shrinkage (Duchi and Singer, 2009)."""

    name: Literal["proximal_gradient_descent"]
    l1_regularization_strength: NotNegative = about("strength of the L1 penalty")
    l2_regularization_strength: NotNegative = about("strength of the L2 penalty")


class Constant(Section):
    """The learning rate stays as it is."""

    name: Literal["constant"]


class Exponential(Section):
    """It is multiplied by `rate` every `steps` steps, smoothly."""

    name: Literal["exponential"]
    rate: Share = about("what is left of the learning rate after `steps`", "0..1")
    steps: Count = about("after how many steps", "steps")


class Cosine(Section):
    """It falls to `floor` along half a cosine (Loshchilov and Hutter, 2017)."""

    name: Literal["cosine"]
    steps: Count = about("after how many steps the floor is reached", "steps")
    floor: Annotated[float, Field(ge=0, lt=1)] = about("share of the learning rate left", "0..1")


class Piecewise(Section):
    """It changes at given steps."""

    name: Literal["piecewise"]
    boundaries: Annotated[list[Count], Field(min_length=1)] = about("the steps", "steps")
    factors: Annotated[list[Positive], Field(min_length=1)] = about(
        "of the learning rate: one up to and with each boundary, and one after the last"
    )

    @model_validator(mode="after")
    def _fit(self) -> Self:
        ascending = all(a < b for a, b in itertools.pairwise(self.boundaries))
        if not ascending or len(self.factors) != len(self.boundaries) + 1:
            raise ValueError("allowed: ascending boundaries, and one factor more than boundaries")
        return self


class WarmUp(Section):
    """It rises from nothing along a line, then stays."""

    name: Literal["warm_up"]
    steps: Count = about("after how many steps the full learning rate is reached", "steps")


Schedule = Annotated[
    Constant | Exponential | Cosine | Piecewise | WarmUp, Field(discriminator="name")
]

AnyOptimizer = Annotated[
    GradientDescent
    | MomentumDescent
    | Adam
    | Adagrad
    | Adadelta
    | RmsProp
    | Ftrl
    | ProximalGradientDescent,
    Field(discriminator="name"),
]
