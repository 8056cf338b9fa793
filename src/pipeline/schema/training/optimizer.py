"""The schema of `optimizer` and `schedule`."""

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.schema.base import Count, NotNegative, Positive, Section, Share, ShareOrZero, about


class Optimizer(Section):
    """Parameters that all optimizers share, named as in `tf.compat.v1.train`."""

    learning_rate: Positive = about("step size", "per step")


class Preconditioned(Optimizer):
    """An optimizer that can take the preconditioned gradient of a linear network."""

    precondition: Literal[True, False, "auto"] = about(
        "multiply the gradient of model=linear, softmax or polynomial by the inverse of a bound of"
        " the loss's second derivative, so that a learning rate of 1 is a Newton step and"
        " correlated columns do not matter; auto: for the tables of data=csv and data=custom"
    )


class GradientDescent(Preconditioned):
    """Plain gradient descent."""

    name: Literal["gradient_descent"]


class MomentumDescent(Preconditioned):
    """Gradient descent with momentum."""

    name: Literal["momentum"]
    momentum: ShareOrZero = about("share of the previous update in the next one", "0..1")
    use_nesterov: bool = about("compute the gradient after the momentum step")


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015)."""

    name: Literal["adam"]
    beta1: ShareOrZero = about("decay of the moving average of gradients", "0..1")
    beta2: ShareOrZero = about("decay of the moving average of squared gradients", "0..1")
    epsilon: Positive = about("prevents division by zero")


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011)."""

    name: Literal["adagrad"]
    initial_accumulator_value: Positive = about("initial sum of squared gradients")


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012)."""

    name: Literal["adadelta"]
    rho: ShareOrZero = about("decay of both moving averages", "0..1")
    epsilon: Positive = about("prevents division by zero; scales the first steps")


class RmsProp(Optimizer):
    """RMSProp (Tieleman and Hinton, 2012)."""

    name: Literal["rmsprop"]
    decay: ShareOrZero = about("decay of the moving average of squared gradients", "0..1")
    momentum: ShareOrZero = about("share of the previous update in the next one", "0..1")
    epsilon: Positive = about("prevents division by zero")


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013)."""

    name: Literal["ftrl"]
    learning_rate_power: Annotated[float, Field(le=0)] = about("power of the decay; 0: no decay")
    initial_accumulator_value: Positive = about("initial sum of squared gradients")
    l1_regularization_strength: NotNegative = about("strength of the L1 penalty")
    l2_regularization_strength: NotNegative = about("strength of the L2 penalty")


class ProximalGradientDescent(Optimizer):
    """Gradient descent with exact L1 and L2 shrinkage (Duchi and Singer, 2009)."""

    name: Literal["proximal_gradient_descent"]
    l1_regularization_strength: NotNegative = about("strength of the L1 penalty")
    l2_regularization_strength: NotNegative = about("strength of the L2 penalty")


class Constant(Section):
    """The learning rate does not change."""

    name: Literal["constant"]


class Exponential(Section):
    """The learning rate is multiplied by `rate` every `steps` steps, continuously."""

    name: Literal["exponential"]
    rate: Share = about("factor of the learning rate after `steps` steps", "0..1")
    steps: Count = about("steps until the learning rate is multiplied by `rate`", "steps")


class Cosine(Section):
    """The learning rate falls to `floor` along half a cosine (Loshchilov and Hutter, 2017)."""

    name: Literal["cosine"]
    steps: Count = about("steps until the floor is reached", "steps")
    floor: ShareOrZero = about("final share of the learning rate", "0..1")


class Piecewise(Section):
    """The learning rate changes at given steps."""

    name: Literal["piecewise"]
    boundaries: Annotated[list[Count], Field(min_length=1)] = about(
        "last step of each factor", "steps"
    )
    factors: Annotated[list[Positive], Field(min_length=1)] = about(
        "factors of the learning rate: one up to each boundary, and one after the last"
    )

    @model_validator(mode="after")
    def _check_factors(self) -> Self:
        ascending = all(a < b for a, b in itertools.pairwise(self.boundaries))
        if not ascending or len(self.factors) != len(self.boundaries) + 1:
            raise ValueError("allowed: ascending boundaries, and one factor more than boundaries")
        return self


class WarmUp(Section):
    """The learning rate rises linearly from 0, then does not change."""

    name: Literal["warm_up"]
    steps: Count = about("steps until the full learning rate is reached", "steps")


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
