"""Sentiment: is a film review negative or positive?"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from app.domain.optimizers import Adam, RMSprop
from app.domain.recipes import Dense, Dropout, EarlyStopping, Holdout, Layer, MultiHot, NoValidation, Preset, Recipe
from app.tasks import _text
from app.tasks._answers import EXPLAINED, Abstained, Warnings, as_probability
from app.tasks._rows import Encoded, FloatMatrix
from app.tasks.base import SAMPLE, Columns, DatasetInfo, Input, Label, Options

HELD_OUT = Holdout(size=10_000)  # the notebooks' "first 10,000 reviews"


def _preset(description: str, *layers: Layer, epochs: int = 20) -> Preset:
    """A variation of the notebook's network, watched on the held-out reviews."""
    recipe = Recipe(
        features=MultiHot(words=10_000),
        layers=layers,
        head="binary",
        loss="binary_crossentropy",
        optimizer=RMSprop(),
        epochs=epochs,
        batch_size=512,
    )
    return Preset(description=description, recipe=recipe, validation=HELD_OUT)


def _stopped(description: str, *layers: Layer, patience: int, batch_size: int = 256) -> Preset:
    """Up to 100 epochs with the mean squared error, until the held-out loss has not fallen for `patience` epochs."""
    base = _preset(description, *layers, epochs=100)
    changes = {
        "loss": "mse",
        "optimizer": Adam() if batch_size == 256 else RMSprop(),
        "batch_size": batch_size,
        "early_stopping": EarlyStopping(patience=patience),
    }
    return base.model_copy(update={"recipe": base.recipe.model_copy(update=changes)})


def _relu(units: int, *, l2: float = 0.0, dropout: float = 0.0) -> tuple[Layer, ...]:
    """Two hidden layers of `units` units, each followed by dropout if there is any."""
    after: tuple[Layer, ...] = (Dropout(rate=dropout),) if dropout else ()
    return (Dense(units=units, l2=l2), *after) * 2


def _tanh(count: int, *, l1: float = 0.0, l2: float = 0.0) -> tuple[Layer, ...]:
    """`count` hidden layers of 64 tanh units, each followed by dropout."""
    return (Dense(units=64, activation="tanh", l1=l1, l2=l2), Dropout(rate=0.5)) * count


def _final(description: str, *layers: Layer, epochs: int) -> Preset:
    """The same on all training rows, for as many epochs as early stopping found right."""
    stopped = _stopped(description, *layers, patience=0)
    recipe = stopped.recipe.model_copy(update={"epochs": epochs, "early_stopping": None})
    return Preset(description=description, recipe=recipe)


class ReviewInput(Input):
    """A review in plain words."""

    text: _text.Text


class ReviewPrediction(TypedDict):
    """What the network makes of a review."""

    label: Annotated[Literal["negative", "positive"] | None, Field(description="null if the model abstains")]
    probability: Annotated[float, Field(description="of the more probable label, 0.5 to 1")]
    probabilities: Annotated[dict[str, float], Field(description="of each label; they add up to 1")]
    known_words: Annotated[float, Field(description="share of the review's words that the vocabulary holds, 0 to 1")]
    abstained: Abstained
    warnings: Warnings
    explanation: NotRequired[Annotated[_text.TextExplanation, Field(description=EXPLAINED)]]


class Sentiment(_text.TextTask):
    """The classic IMDB notebook."""

    name = "sentiment"
    title = "Film review sentiment"
    description = "Says whether a film review is negative or positive, from its raw text."
    Input = ReviewInput
    Prediction = ReviewPrediction
    example = {"text": "A wonderful film: moving, funny and beautifully acted. I loved every minute."}
    datasets = (
        DatasetInfo(
            "imdb", "Large Movie Review Dataset: reviews with a clear opinion", 25_000, 25_000, published="imdb"
        ),
        DatasetInfo(SAMPLE, "Sample: short reviews composed for Densely, not real data", 8_000, 2_000),
    )
    input_columns = ("text",)
    target = "label"
    labels = ("negative", "positive")
    heads = ("binary", "multiclass", "unit_regression")
    presets = {
        "baseline": _preset(
            "Two hidden layers of 16 units, 4 epochs: the notebook's final network", *_relu(16), epochs=4
        ).model_copy(update={"validation": NoValidation()}),
        "overfit": _preset(
            "The same for 20 epochs: the held-out loss is lowest about the fourth, then rises", *_relu(16)
        ),
        "small": _preset("Two hidden layers of 8 units: overfits later and slower", *_relu(8)),
        "tiny": _preset("Two hidden layers of 4 units: later and slower still", *_relu(4)),
        "large": _preset("Two hidden layers of 512 units: overfits at once", *_relu(512)),
        "l2": _preset("An L2 penalty of 0.001 on both hidden layers", *_relu(16, l2=0.001)),
        "dropout": _preset("Dropout of one half after both hidden layers", *_relu(16, dropout=0.5)),
        "l2-dropout": _preset("Two hidden layers of 8 units with both", *_relu(8, l2=0.001, dropout=0.5)),
        "tanh-mse": _stopped(
            "One hidden layer of 32 tanh units, mean squared error, early stopping",
            Dense(units=32, activation="tanh"),
            patience=10,
            batch_size=512,
        ),
        "l2-64": _stopped("One hidden layer of 64 tanh units, L2 0.01", *_tanh(1, l2=0.01), patience=10),
        "l1-64x3": _stopped("Three hidden layers of 64 tanh units, L1 0.01", *_tanh(3, l1=0.01), patience=6),
        "l2-64x3": _stopped("Three hidden layers of 64 tanh units, L2 0.01", *_tanh(3, l2=0.01), patience=3),
        "l2-64x3-final": _final("The same on all reviews for 8 epochs", *_tanh(3, l2=0.01), epochs=8),
    }

    def rows(self, dataset: str) -> dict[str, Any]:
        """The sample: short reviews in our own words."""
        del dataset
        from app.tasks._samples import reviews

        return reviews.rows()

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """One column of texts."""
        return {"text": [item.text for item in inputs]}

    def decode(
        self, outputs: FloatMatrix, encoded: Encoded, labels: Sequence[Label], options: Options
    ) -> list[ReviewPrediction]:
        """`outputs` (rows, 1), the probability of the second label, or (rows, 2), of both."""
        del labels
        answers: list[ReviewPrediction] = []
        for value, known in zip(outputs[:, -1].tolist(), _text.known_words(encoded), strict=True):
            both = {"negative": as_probability(1 - value), "positive": as_probability(value)}
            label: Literal["negative", "positive"] = "positive" if value > 0.5 else "negative"
            abstained = options.abstain(both[label])
            answers.append(
                {
                    "label": None if abstained else label,
                    "probability": both[label],
                    "probabilities": both,
                    "known_words": known,
                    "abstained": abstained,
                    "warnings": [],
                }
            )
        return answers
