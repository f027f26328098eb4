"""What a training would be, told before it is asked for."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.estimates import Basis
from app.domain.recipes import Recipe, Validation

InputBasis = Literal["exact", "model", "most"]


class LayerPreview(BaseModel):
    """A layer of the network, the head's last."""

    kind: str
    output: list[int] = Field(description="shape of its output for a row: one number, or rows, columns and channels")
    parameters: int = Field(description="weights; of batch_norm also its moving means and variances")


class RecipeChange(BaseModel):
    """A field that is not the preset's. Parts of another kind, and layers of other kinds, are told as a whole."""

    field: str = Field(description="dotted path: `recipe.epochs`, `recipe.layers.0.units`, `validation.size`")
    preset: Any = Field(description="what the preset has; null: nothing")
    value: Any = Field(description="what this training would have")


class Estimate(BaseModel):
    """How long training would take, once it has begun."""

    model_config = ConfigDict(populate_by_name=True)
    seconds: float
    low: float = Field(description="it is unlikely to take less, seconds")
    high: float = Field(description="it is unlikely to take more, seconds")
    runs: int = Field(description="earlier runs from which it was told")
    basis: Basis = Field(
        alias="from",
        description="`same recipe`: runs of the same recipe, validation and dataset; `similar runs`: of the same task "
        "and dataset; `weights`: of other tasks, by what an epoch has to compute",
    )


class Preview(BaseModel):
    """A training as `POST /train` would queue it; nothing is queued."""

    recipe: Recipe = Field(description="complete: what was left out is the preset's")
    validation: Validation
    dataset: str
    input: list[int] = Field(description="shape of an encoded row, as the first layer gets it")
    input_from: InputBasis = Field(
        description="whether that is certain: `exact`; `model`: as of a model of the same features and dataset; "
        "`most`: the rows decide when training begins, and it may be less"
    )
    layers: list[LayerPreview] = Field(description="those of the recipe, then the head's; of an ensemble one member's")
    parameters: int = Field(description="weights of all layers of all members")
    changes: list[RecipeChange] = Field(description="where recipe and validation are not those of the preset")
    estimate: Estimate | None = Field(description="null: no run has been carried out here yet")
    queue_seconds: float | None = Field(
        description="how long it would wait for a worker, seconds; null: no worker is there, or nothing is known of "
        "the runs before it"
    )
    warnings: list[str] = Field(description="what about these figures is not certain, or about this training unwise")
