"""The optimizers, with Keras' arguments and Keras' defaults for them."""

from typing import Annotated, Literal

from pydantic import Field

from app.domain.part import Part

LearningRate = Annotated[float, Field(gt=0, le=10, description="step size")]
Decay = Annotated[float, Field(ge=0, lt=1)]
Momentum = Annotated[float, Field(ge=0, lt=1, description="share of the last step that is taken again")]
Epsilon = Annotated[float, Field(gt=0, le=1, description="added to a denominator to keep it from zero")]


class SGD(Part):
    """Stochastic gradient descent; `momentum` above 0 makes it the classical momentum method."""

    kind: Literal["sgd"] = "sgd"
    learning_rate: LearningRate = 0.01
    momentum: Momentum = 0.0
    nesterov: bool = Field(False, description="Nesterov's form of momentum (Nesterov 1983)")


class MomentumSGD(Part):
    """Gradient descent with momentum (Polyak 1964): Keras' SGD with the momentum that textbooks use."""

    kind: Literal["momentum"] = "momentum"
    learning_rate: LearningRate = 0.01
    momentum: Momentum = 0.9
    nesterov: bool = Field(False, description="Nesterov's form of momentum (Nesterov 1983)")


class Adagrad(Part):
    """Adagrad (Duchi, Hazan and Singer 2011)."""

    kind: Literal["adagrad"] = "adagrad"
    learning_rate: LearningRate = 0.001
    initial_accumulator_value: float = Field(0.1, ge=0, le=1e6, description="where the sums of squares start")
    epsilon: Epsilon = 1e-7


class RMSprop(Part):
    """RMSprop (Hinton 2012)."""

    kind: Literal["rmsprop"] = "rmsprop"
    learning_rate: LearningRate = 0.001
    rho: Decay = Field(0.9, description="decay of the mean of squared gradients")
    momentum: Momentum = 0.0
    epsilon: Epsilon = 1e-7
    centered: bool = Field(False, description="divide by the estimated variance instead of the mean of squares")


class Adam(Part):
    """Adam (Kingma and Ba 2015)."""

    kind: Literal["adam"] = "adam"
    learning_rate: LearningRate = 0.001
    beta_1: Decay = Field(0.9, description="decay of the mean of gradients")
    beta_2: Decay = Field(0.999, description="decay of the mean of squared gradients")
    epsilon: Epsilon = 1e-7
    amsgrad: bool = Field(False, description="the variant of Reddi, Kale and Kumar 2018")


class AdamW(Part):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"
    learning_rate: LearningRate = 0.001
    weight_decay: float = Field(0.004, ge=0, le=10, description="share of each weight taken off, times the step size")
    beta_1: Decay = Field(0.9, description="decay of the mean of gradients")
    beta_2: Decay = Field(0.999, description="decay of the mean of squared gradients")
    epsilon: Epsilon = 1e-7
    amsgrad: bool = Field(False, description="the variant of Reddi, Kale and Kumar 2018")


Optimizer = Annotated[SGD | MomentumSGD | Adagrad | RMSprop | Adam | AdamW, Field(discriminator="kind")]
