"""Sentiment: is a film review negative or positive?"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.domain.recipes import Dense, MultiHot, Preset, Recipe, RMSprop
from app.tasks import _text
from app.tasks._rows import Encoded, FloatMatrix
from app.tasks.base import SAMPLE, Columns, DatasetInfo, Input, Label, Options, as_probability


class ReviewInput(Input):
    """A review in plain words."""

    text: _text.Text


class ReviewPrediction(BaseModel):
    """What the network makes of a review."""

    label: Literal["negative", "positive"]
    probability: float = Field(description="of `label`, 0.5 to 1")
    probabilities: dict[str, float] = Field(description="of each label; they add up to 1")
    known_words: float = Field(description="share of the review's words that the vocabulary holds, 0 to 1")


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
    heads = ("binary",)
    presets = {
        "baseline": Preset(
            description="Two hidden layers of 16 units, 4 epochs: the notebook's final network",
            recipe=Recipe(
                features=MultiHot(words=10_000),
                layers=(Dense(units=16), Dense(units=16)),
                head="binary",
                loss="binary_crossentropy",
                optimizer=RMSprop(),
                epochs=4,
                batch_size=512,
            ),
        )
    }

    def sample(self) -> dict[str, Any]:
        """Short reviews in our own words."""
        from app.tasks._samples import reviews

        return reviews.rows()

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """One column of texts."""
        return {"text": [item.text for item in inputs]}

    def decode(
        self, outputs: FloatMatrix, encoded: Encoded, labels: Sequence[Label], options: Options
    ) -> list[ReviewPrediction]:
        """`outputs` (rows, 1): the probability of the second label."""
        del labels, options
        answers = []
        for value, known in zip(outputs[:, 0].tolist(), _text.known_words(encoded), strict=True):
            positive = as_probability(value)
            both = {"negative": as_probability(1 - value), "positive": positive}
            label: Literal["negative", "positive"] = "positive" if value > 0.5 else "negative"
            answers.append(
                ReviewPrediction(label=label, probability=both[label], probabilities=both, known_words=known)
            )
        return answers
