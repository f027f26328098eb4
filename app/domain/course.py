"""The course of a fit: when it stops, how its learning rate goes, what its rows count, which weights are kept."""

from typing import Annotated, Literal

from pydantic import Field

from app.domain.numbers import Integer
from app.domain.part import Part


class EarlyStopping(Part):
    """Stop when the monitored figure has not improved for `patience` epochs (Keras' EarlyStopping)."""

    monitor: Literal["val_loss", "val_accuracy", "val_mae", "val_f1", "loss"] = "val_loss"
    patience: Annotated[int, Integer(0, 10_000)] = Field(
        10, description="epochs without improvement that are tolerated"
    )
    restore_best: bool = Field(True, description="whether the weights of the best epoch are kept")


class Cosine(Part):
    """The optimizer's learning rate, raised from zero, then lowered along half a cosine (Loshchilov & Hutter 2017)."""

    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(0.05, ge=0, le=0.5, description="share of all steps in which the rate rises from zero")
    end: float = Field(0.0, ge=0, le=1, description="share of the rate that is left in the last step")


class Averaging(Part):
    """The exponential moving average of the weights over the steps (Polyak & Juditsky 1992; Keras' `use_ema`)."""

    kind: Literal["exponential"] = "exponential"
    momentum: float = Field(0.99, ge=0, lt=1, description="share of the average that each step leaves (`ema_momentum`)")


ClassWeights = Annotated[
    Literal["none", "balanced"],
    Field(
        description="what a row counts in the loss that is learnt from: `balanced` is rows / (labels x rows of its "
        "label) among those trained on (King & Zeng 2001), for rare labels; validation and test count each row once"
    ),
]

Precision = Annotated[
    Literal["float32", "mixed_bfloat16", "mixed_float16"],
    Field(
        description="of what hidden layers work out in training (Keras' names, Micikevicius et al. 2018): the weights, "
        "the head, and the model as it is tested and as it answers stay float32; saves time on devices made for it"
    ),
]
