"""What a training would be, told before it is asked for."""

from typing import Any, Literal

from pydantic import Field

from densely_client.forms.base import Form
from densely_client.forms.recipes import Recipe, Validation


class LayerPreview(Form):
    """A layer of the network, the head's last."""

    kind: str
    output: list[int] = Field(description="shape of its output for a row: one number, or rows, columns and channels")
    parameters: int


class RecipeChange(Form):
    """A field that is not the preset's."""

    field: str = Field(description="dotted path: `recipe.epochs`, `recipe.layers.0.units`, `validation.size`")
    preset: Any = None
    value: Any = None


class Estimate(Form):
    """How long a training would take, once it has begun."""

    seconds: float
    low: float = Field(description="it is unlikely to take less")
    high: float = Field(description="it is unlikely to take more")
    runs: int = Field(description="earlier runs from which it was told")
    basis: Literal["same recipe", "similar runs", "weights"] = Field(alias="from", description="which runs those are")


class Preview(Form):
    """A training as `train` would queue it; nothing is queued."""

    recipe: Recipe
    validation: Validation
    dataset: str
    input: list[int] = Field(description="shape of an encoded row, as the first layer gets it")
    input_from: Literal["exact", "model", "most"] = Field(
        description="whether that is certain, as in a model of the same features and dataset, or the most it may be"
    )
    layers: list[LayerPreview] = Field(description="those of the recipe, then the head's; of an ensemble one member's")
    parameters: int = Field(description="weights of all layers of all members")
    changes: list[RecipeChange] = Field(description="where recipe and validation are not those of the preset")
    estimate: Estimate | None = Field(description="None: no run has been carried out there yet")
    queue_seconds: float | None = Field(description="how long it would wait for a worker; None: not known")
    warnings: list[str] = Field(description="what is not certain, or unwise")
