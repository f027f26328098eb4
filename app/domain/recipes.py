"""The recipe: everything that decides how a network is built and trained, as data with limits."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from app.domain.course import Averaging, ClassWeights, Cosine, EarlyStopping, Precision
from app.domain.layers import (
    Activation,
    Augmentation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool,
    PictureLayer,
    Shape,
    Stage,
    stages_of,
)
from app.domain.numbers import Integer
from app.domain.optimizers import Optimizer
from app.domain.part import Part
from app.domain.tables import MixedColumns, Raw, Standardized
from app.domain.texts import MultiHot, NGrams

# Found here too by those who make recipes; the forms of layers, and of a fit's course, are files of their own.
__all__ = [
    "Activation", "Averaging", "BatchNorm", "Conv2D", "Cosine", "Dense", "Dropout", "EarlyStopping", "Flatten",
    "GlobalAveragePool", "Layer", "MaxPool",
]  # fmt: skip

MAX_PARAMETERS = 50_000_000  # 200 MB of float32: the most that a small service should hold per model
MAX_MULTIPLICATIONS = 50_000_000  # for an input: a few milliseconds
MAX_BATCH_NUMBERS = 2**28  # of all layers' outputs for a batch of pictures: 1 GiB, and as much for their gradients

HeadName = Literal["binary", "multiclass", "multilabel", "regression", "unit_regression"]
MetricName = Literal["accuracy", "mae", "f1"]
LossName = Literal["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "mse", "mae"]


class Pixels(Part):
    """Grey values 0-255 divided by 255."""

    kind: Literal["pixels"] = "pixels"


class Coordinates(Part):
    """The numbers as they are."""

    kind: Literal["coordinates"] = "coordinates"


Features = Annotated[
    MultiHot | NGrams | Pixels | Standardized | Raw | MixedColumns | Coordinates, Field(discriminator="kind")
]


class Head(BaseModel):
    """The last layer that a kind of answer needs, and the losses that go with it (the first is the default)."""

    model_config = ConfigDict(frozen=True)
    activation: Activation
    losses: tuple[LossName, ...]
    metric: MetricName  # f1: of all rows and labels together (micro-averaged), at a probability of 0.5
    higher_is_better: bool
    unit_per_label: bool = False

    @property
    def is_of_labels(self) -> bool:
        """Whether it tells labels apart."""
        return self.metric != "mae"


HEADS: dict[HeadName, Head] = {
    "binary": Head(
        activation="sigmoid", losses=("binary_crossentropy", "mse"), metric="accuracy", higher_is_better=True
    ),
    "multiclass": Head(
        activation="softmax",
        losses=("sparse_categorical_crossentropy", "categorical_crossentropy"),
        metric="accuracy",
        higher_is_better=True,
        unit_per_label=True,
    ),
    "multilabel": Head(
        activation="sigmoid", losses=("binary_crossentropy",), metric="f1", higher_is_better=True, unit_per_label=True
    ),
    "regression": Head(activation="linear", losses=("mse", "mae"), metric="mae", higher_is_better=False),
    "unit_regression": Head(
        activation="sigmoid", losses=("mse", "binary_crossentropy"), metric="mae", higher_is_better=False
    ),
}


TargetScale = Literal["raw", "standardized"]
SMOOTHED: tuple[LossName, ...] = ("binary_crossentropy", "categorical_crossentropy")
WEIGHED: tuple[HeadName, ...] = ("binary", "multiclass")  # whose rows have one label each
Smoothing = Annotated[
    float, Field(ge=0, le=0.5, description="share of each target that is spread over all labels (Szegedy et al. 2016)")
]


class RecipeFields(Part):
    """The fields of a recipe, with their limits; shared by the recipe and by what replaces parts of it."""

    @field_validator("layers", mode="before", check_fields=False)
    @classmethod
    def _from_list(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


Layers = Annotated[tuple[Layer, ...], Field(max_length=16, description="hidden layers; the head's layer is added")]
Epochs = Annotated[int, Integer(1, 10_000), Field(description="passes over the training rows")]
BatchSize = Annotated[int, Integer(1, 65_536), Field(description="rows per gradient step")]
Members = Annotated[
    int,
    Integer(1, 16),
    Field(
        description="networks of an ensemble: so many, of different initial weights, learn from the same rows at once, "
        "and the mean of their logits, or of their values in a regression, is the answer"
    ),
]


class Recipe(RecipeFields):
    """A whole training configuration."""

    features: Features
    layers: Layers
    head: HeadName
    loss: LossName
    optimizer: Optimizer
    epochs: Epochs
    batch_size: BatchSize
    early_stopping: EarlyStopping | None = None
    targets: TargetScale = Field(
        "raw",
        description="of a regression: `standardized` lets the network learn values less their mean, over their "
        "deviation, so that any unit trains well; the loss is then in deviations, metrics and answers are in the unit",
    )
    members: Members = 1
    augmentation: Augmentation | None = Field(None, description="of pictures; null: each epoch sees them as they are")
    schedule: Cosine | None = Field(None, description="of the learning rate; null: it stays")
    label_smoothing: Smoothing = 0.0
    class_weights: ClassWeights = "none"
    averaging: Averaging | None = Field(
        None, description="of the weights, for validation, early stopping and the model; null: the last step's"
    )
    precision: Precision = "float32"

    @field_validator("label_smoothing")
    @classmethod
    def _smoothing_fits_loss(cls, share: float, info: ValidationInfo) -> float:
        loss: LossName | None = info.data.get("loss")
        if share and loss and loss not in SMOOTHED:
            raise ValueError(f"is for the losses {' and '.join(SMOOTHED)}, not {loss}")
        return share

    @field_validator("class_weights")
    @classmethod
    def _weights_fit_labels(cls, weights: ClassWeights, info: ValidationInfo) -> ClassWeights:
        head: HeadName | None = info.data.get("head")
        if weights == "balanced" and head and head not in WEIGHED:
            raise ValueError(f"`balanced` is for the heads {' and '.join(WEIGHED)}, one label a row, not {head}")
        return weights

    @field_validator("targets")
    @classmethod
    def _scale_fits_head(cls, targets: TargetScale, info: ValidationInfo) -> TargetScale:
        head: HeadName | None = info.data.get("head")
        if targets == "standardized" and head and head != "regression":
            raise ValueError(f"`standardized` is for the head regression, not {head}")
        return targets

    @field_validator("head")
    @classmethod
    def _weights_fit_head(cls, head: HeadName, info: ValidationInfo) -> HeadName:
        features = info.data.get("features")
        if isinstance(features, NGrams) and features.weights == "naive_bayes" and not HEADS[head].is_of_labels:
            raise ValueError(f"{head} has no labels, which features.weights naive_bayes tells apart: choose tf_idf")
        return head

    @field_validator("loss")
    @classmethod
    def _loss_fits_head(cls, loss: LossName, info: ValidationInfo) -> LossName:
        head: HeadName | None = info.data.get("head")
        if head and loss not in HEADS[head].losses:
            raise ValueError(f"does not fit the head {head!r}: choose one of {', '.join(HEADS[head].losses)}")
        return loss

    @field_validator("early_stopping")
    @classmethod
    def _monitor_fits_head(cls, stopping: EarlyStopping | None, info: ValidationInfo) -> EarlyStopping | None:
        head: HeadName | None = info.data.get("head")
        figures = ("loss", "val_loss", f"val_{HEADS[head].metric}") if head else ()
        if stopping and figures and stopping.monitor not in figures:
            raise ValueError(f"monitor {stopping.monitor!r} is not measured; this head has {', '.join(figures)}")
        return stopping

    @property
    def metric(self) -> str:
        """The name of the figure by which two models of this recipe's task are compared."""
        return HEADS[self.head].metric

    @property
    def sees_pictures(self) -> bool:
        """Whether some layer needs pixels in rows and columns, not in one row."""
        return any(isinstance(layer, PictureLayer) for layer in self.layers)

    def stages(self, shape: Shape, outputs: int) -> list[Stage]:
        """What each hidden layer and the head's make of a row of this shape.

        Of a task without labels yet, whose head has no units, it counts one.

        Raises:
            InvalidInput: a layer cannot follow what comes before it.
        """
        return stages_of((*self.layers, Dense(units=max(outputs, 1))), shape)


NONE_SAYS = ("early_stopping", "augmentation", "schedule", "averaging")  # fields of which null is a value


class RecipePatch(RecipeFields):
    """Fields that replace the preset's; those left out stay as they are."""

    features: Features | None = None
    layers: Layers | None = None
    head: HeadName | None = None
    loss: LossName | None = None
    optimizer: Optimizer | None = None
    epochs: Epochs | None = None
    batch_size: BatchSize | None = None
    early_stopping: EarlyStopping | None = None
    targets: TargetScale | None = None
    members: Members | None = None
    augmentation: Augmentation | None = None
    schedule: Cosine | None = None
    label_smoothing: Smoothing | None = None
    class_weights: ClassWeights | None = None
    averaging: Averaging | None = None
    precision: Precision | None = None

    def apply(self, recipe: Recipe) -> Recipe:
        """The recipe with this patch's fields in place of its own.

        Raises:
            pydantic.ValidationError: the fields do not fit together.
        """
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        replaced = {k: v for k, v in given.items() if v is not None or k in NONE_SAYS}
        if replaced.get("head", recipe.head) != recipe.head and "loss" not in replaced:
            replaced["loss"] = HEADS[replaced["head"]].losses[0]
        if replaced.get("loss", recipe.loss) != recipe.loss and "label_smoothing" not in replaced:
            replaced["label_smoothing"] = 0.0
        return Recipe.model_validate({**{k: getattr(recipe, k) for k in Recipe.model_fields}, **replaced})


class NoValidation(Part):
    """Train on every row of the training split."""

    kind: Literal["none"] = "none"


Picked = Literal["in_order", "shuffled"]
PICKED = "`shuffled`: in an order drawn once for all runs, for rows that are sorted by something"


class Holdout(Part):
    """The first `size` rows of the training split are kept aside and measured after each epoch."""

    kind: Literal["holdout"] = "holdout"
    size: Annotated[int, Integer(1, 10_000_000)] = Field(description="rows held out")
    rows: Picked = Field("in_order", description=PICKED)


class KFold(Part):
    """Each of `folds` contiguous parts is held out in turn; the published model is then trained on all rows."""

    kind: Literal["kfold"] = "kfold"
    folds: Annotated[int, Integer(2, 20)] = Field(description="number of parts")
    rows: Picked = Field("in_order", description=PICKED)


Validation = Annotated[NoValidation | Holdout | KFold, Field(discriminator="kind")]


class Preset(BaseModel):
    """A named recipe of a task, with the validation that goes with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    description: str
    recipe: Recipe
    validation: Validation = NoValidation()
