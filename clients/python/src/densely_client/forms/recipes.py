"""Recipes and presets.

A part of several kinds has one form here, with the fields of all of them: a kind that a newer service adds can be read
too. What is made here and sent, as in `Layer(kind="dense", units=16)`, has the fields that were given; the service
fills in its defaults, and refuses what does not fit.
"""

from pydantic import Field

from densely_client.forms.base import Form


class Features(Form):
    """How an input becomes numbers."""

    kind: str = Field(description="`multi_hot`, `n_grams`, `pixels`, `standardized`, `raw`, `columns` or `coordinates`")
    words: int | None = Field(None, description="of `multi_hot`: word ids in use")
    max_n: int | None = Field(None, description="of `n_grams`: words in the longest one")
    max_features: int | None = Field(None, description="of `n_grams`: how many are in use, at most")
    hashed: bool | None = Field(None, description="of `n_grams`: whether all are in use, in columns told by a hash")
    weights: str | None = Field(None, description="of `n_grams`: `presence`, `tf_idf` or `naive_bayes`")
    negation: bool | None = Field(None, description="of `n_grams`: whether words after `not` and the like are others")
    contrast: bool | None = Field(None, description="of `n_grams`: whether words before `but` are others")
    sentences: float | None = Field(None, description="of `n_grams`: share of the sentences that are texts in an epoch")
    interpolation: float | None = Field(None, description="of `n_grams`: share of what is learnt in each weight")
    spelling: bool | None = Field(None, description="of `n_grams`: whether misspelt words are read as they were meant")
    exclude: list[str] | None = Field(None, description="of tables: columns that the network does not see")
    numbers: str | None = Field(None, description="of `columns`: `standardized`, `normal`, `piecewise` or two of them")
    bins: int | None = Field(None, description="of `columns`, of `piecewise`: intervals of a number, at most")
    categories: int | None = Field(None, description="of `columns`: values of a column with a place of their own")


class Layer(Form):
    """A hidden layer."""

    kind: str = Field(
        description="`dense`, `dropout`, `flatten`, `conv2d`, `max_pool`, `global_average_pool` or `batch_norm`"
    )
    units: int | None = Field(None, description="of `dense`: its width")
    activation: str | None = Field(None, description="of `dense`, `conv2d` and `batch_norm`, by Keras' name")
    l1: float | None = Field(None, description="of `dense`: weight of the L1 penalty")
    l2: float | None = Field(None, description="of `dense`: weight of the L2 penalty")
    rate: float | None = Field(None, description="of `dropout`: share of the inputs set to zero")
    filters: int | None = Field(None, description="of `conv2d`: pictures that come out")
    kernel_size: int | None = Field(None, description="of `conv2d`: pixels a side that each result sees")
    strides: int | None = Field(None, description="of `conv2d`: pixels from one result to the next")
    padding: str | None = Field(None, description="of `conv2d`: `same` or `valid`")
    pool_size: int | None = Field(None, description="of `max_pool`: pixels a side of each square")
    momentum: float | None = Field(None, description="of `batch_norm`: of the moving mean and variance")


class Optimizer(Form):
    """How weights are changed, with Keras' arguments."""

    kind: str = Field(description="`sgd`, `momentum`, `adagrad`, `rmsprop`, `adam` or `adamw`")
    learning_rate: float | None = Field(None, description="step size")
    momentum: float | None = None
    nesterov: bool | None = None
    initial_accumulator_value: float | None = None
    rho: float | None = None
    epsilon: float | None = None
    centered: bool | None = None
    beta_1: float | None = None
    beta_2: float | None = None
    amsgrad: bool | None = None
    weight_decay: float | None = None


class EarlyStopping(Form):
    """Stop when the monitored figure has not improved for `patience` epochs."""

    monitor: str | None = Field(None, description="for example `val_loss`")
    patience: int | None = Field(None, description="epochs without improvement that are tolerated")
    restore_best: bool | None = Field(None, description="whether the weights of the best epoch are kept")


class Augmentation(Form):
    """How pictures are changed at random while training: each number is the most that may be done."""

    shift: float | None = Field(None, description="across and down, as a share of the side")
    rotation: float | None = Field(None, description="degrees, either way")
    scale: float | None = Field(None, description="larger or smaller: 0.1 is 1/1.1 to 1.1")
    shear: float | None = Field(None, description="degrees that uprights lean, either way")
    stroke: float | None = Field(None, description="wider or narrower strokes: 1 is a pixel on each side")
    elastic: float | None = Field(None, description="deviation of a smooth distortion, as a share of the side")


class Schedule(Form):
    """The course of the learning rate over a training."""

    kind: str = Field("cosine", description="`cosine`")
    warmup: float | None = Field(None, description="share of all steps in which the rate rises from zero")
    end: float | None = Field(None, description="share of the rate that is left in the last step")


class Averaging(Form):
    """The moving average of the weights over the steps."""

    kind: str = Field("exponential", description="`exponential`")
    momentum: float | None = Field(None, description="share of the average that each step leaves")


class Recipe(Form):
    """A whole training configuration."""

    features: Features
    layers: list[Layer] = Field(description="hidden layers; the head's layer is added")
    head: str
    loss: str
    optimizer: Optimizer
    epochs: int = Field(description="passes over the training rows")
    batch_size: int = Field(description="rows per gradient step")
    early_stopping: EarlyStopping | None = None
    targets: str = Field("raw", description="of a regression: `raw`, or `standardized` to learn them in deviations")
    members: int = Field(1, description="networks of an ensemble, whose mean answers")
    augmentation: Augmentation | None = Field(None, description="of pictures")
    schedule: Schedule | None = Field(None, description="of the learning rate; None: it stays")
    label_smoothing: float = Field(0.0, description="share of each target that is spread over all labels")
    class_weights: str = Field("none", description="`none`, or `balanced` so that rare labels count as much as others")
    averaging: Averaging | None = Field(None, description="of the weights; None: those of the last step are kept")
    precision: str = Field("float32", description="of training: `float32`, `mixed_bfloat16` or `mixed_float16`")


class Validation(Form):
    """Which rows are held out."""

    kind: str = Field(description="`none`, `holdout` or `kfold`")
    size: int | None = Field(None, description="of `holdout`: rows held out")
    folds: int | None = Field(None, description="of `kfold`: number of parts")
    rows: str | None = Field(None, description="of both: `in_order`, or `shuffled` where rows are sorted by something")


class Preset(Form):
    """A named recipe of a task, with the validation that goes with it."""

    description: str
    recipe: Recipe
    validation: Validation = Validation(kind="none")
