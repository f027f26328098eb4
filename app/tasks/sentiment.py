"""Sentiment: is a film review negative or positive?"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from app.encoding.encoder import Columns
from app.encoding.multi_hot import known_words
from app.encoding.rows import Encoded, FloatMatrix
from app.kinds.answers import EXPLAINED, Abstained, Warnings, as_probability
from app.kinds.base import SAMPLE, DatasetInfo, Input, Label, Options
from app.kinds.forms import Example
from app.kinds.text import Text, TextExplanation, TextTask
from app.tasks._presets.sentiment import PRESETS


class ReviewInput(Input):
    """A review in plain words."""

    text: Text = Field(title="Review")


class ReviewPrediction(TypedDict):
    """What the network makes of a review."""

    label: Annotated[Literal["negative", "positive"] | None, Field(description="null if the model abstains")]
    probability: Annotated[float, Field(description="of the more probable label, 0.5 to 1")]
    probabilities: Annotated[dict[str, float], Field(description="of each label; they add up to 1")]
    known_words: Annotated[float, Field(description="share of the review's words that the vocabulary holds, 0 to 1")]
    abstained: Abstained
    warnings: Warnings
    explanation: NotRequired[Annotated[TextExplanation, Field(description=EXPLAINED)]]


class Sentiment(TextTask):
    """The classic IMDB notebook."""

    name = "sentiment"
    title = "Film review sentiment"
    description = "Says whether a film review is negative or positive, from its raw text."
    Input = ReviewInput
    Prediction = ReviewPrediction
    example = {"text": "A wonderful film: moving, funny and beautifully acted. I loved every minute."}
    example_title = "Kind"
    more_examples = (
        Example(
            title="Unkind",
            input={"text": "A dull mess. The plot is ridiculous, the acting is awful and I wanted my two hours back."},
        ),
        Example(
            title="Mixed",
            input={
                "text": "The photography is superb and the lead is excellent, but the story is boring and far too long."
            },
        ),
    )
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
    presets = PRESETS

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
        for value, known in zip(outputs[:, -1].tolist(), known_words(encoded), strict=True):
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
