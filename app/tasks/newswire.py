"""Newswire: which topic does a newswire story have?"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Annotated, Any, NotRequired, cast

from pydantic import Field
from typing_extensions import TypedDict

from app.domain.recipes import HeadName
from app.encoding.encoder import Columns
from app.encoding.multi_hot import known_words
from app.encoding.rows import Encoded, FloatMatrix
from app.kinds.answers import EXPLAINED, Abstained, Warnings, as_probability
from app.kinds.base import SAMPLE, DatasetInfo, Input, Label, Options
from app.kinds.forms import Example
from app.kinds.text import Text, TextExplanation, TextTask
from app.tasks._presets.newswire import PRESETS

# In the numbering of keras.datasets.reuters, 0 to 45.
TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass "
    "crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi "
    "iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"
).split()


class StoryInput(Input):
    """A story and, if there is one, its headline."""

    text: Text = Field(title="Story")
    title: str | None = Field(
        None, title="Headline", max_length=1_000, description="headline, at most 1,000 characters"
    )


class TopicScore(TypedDict):
    """A topic and how probable it is."""

    label: str
    probability: float


Sure = Annotated[
    list[str],
    Field(
        description="the topics of probability above 0.5, best first: of a multilabel model any number, else up to one"
    ),
]


class StoryPrediction(TypedDict):
    """What the network makes of a story."""

    label: Annotated[str | None, Field(description="null if the model abstains")]
    probability: Annotated[float, Field(description="of the most probable topic, 0 to 1")]
    labels: Sure
    top: Annotated[list[TopicScore], Field(description="the `top_k` most probable topics, best first")]
    known_words: Annotated[float, Field(description="share of the story's words that the vocabulary holds, 0 to 1")]
    abstained: Abstained
    warnings: Warnings
    explanation: NotRequired[Annotated[TextExplanation, Field(description=EXPLAINED)]]


def _sure(row: list[float], order: list[int]) -> Iterator[int]:
    """The places of the probabilities above 0.5, given the order of all, best first."""
    return takewhile(lambda place: row[place] > 0.5, order)


class Newswire(TextTask):
    """The classic Reuters notebook."""

    name = "newswire"
    title = "Newswire topics"
    description = (
        "Says which of up to 46 topics a newswire story has, from its raw text and headline; with a multilabel head, "
        "all of its topics."
    )
    Input = StoryInput
    Prediction = StoryPrediction
    example = {
        "title": "OIL PRICES RISE AS PRODUCERS AGREE ON OUTPUT CEILING",
        "text": "Crude oil futures rose sharply after producing countries agreed to hold output at 15.8 mln barrels "
        "per day, traders said.",
    }
    example_title = "Oil"
    more_examples = (
        Example(
            title="Grain",
            input={
                "title": "WHEAT EXPORTS SEEN HIGHER",
                "text": "The Agriculture Department said wheat and corn exports would rise by two mln tonnes this "
                "season.",
            },
        ),
        Example(
            title="Rates",
            input={
                "title": "CENTRAL BANK CUTS DISCOUNT RATE",
                "text": "The central bank cut its discount rate by half a point, and the dollar fell against the yen, "
                "dealers said.",
            },
        ),
    )
    datasets = (
        DatasetInfo(
            "reuters",
            "Reuters-21578: first topic of each story, 46 in all; every topic for multilabel heads",
            8_982,
            2_246,
            published="reuters",
        ),
        DatasetInfo(SAMPLE, "Sample: newswires composed for Densely on 8 topics, not real data", 800, 240),
    )
    input_columns = ("title", "text")
    optional_columns = ("title",)
    target = "label"
    labels = tuple(TOPICS)
    heads = ("multiclass", "multilabel")
    presets = PRESETS

    def rows(self, dataset: str) -> dict[str, Any]:
        """The sample: stories in our own words, each on one topic."""
        del dataset
        from app.tasks._samples import newswires

        columns = newswires.rows()
        return columns | {"topics": [[label] for label in columns["label"]]}

    def target_of(self, head: HeadName) -> str:
        """All topics of a story for multilabel, else its first."""
        return "topics" if head == "multilabel" else self.target

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """A column of headlines and one of texts."""
        return {"title": [item.title for item in inputs], "text": [item.text for item in inputs]}

    def decode(
        self, outputs: FloatMatrix, encoded: Encoded, labels: Sequence[Label], options: Options
    ) -> list[StoryPrediction]:
        """`outputs` (rows, labels): a probability for each topic; of a multilabel head they do not add up to 1."""
        ranked = (-outputs).argsort(axis=1, kind="stable").tolist()
        names = cast(Sequence[str], labels)
        answers: list[StoryPrediction] = []
        for row, order, known in zip(outputs.tolist(), ranked, known_words(encoded), strict=True):
            top: list[TopicScore] = [
                {"label": names[i], "probability": as_probability(row[i])} for i in order[: options.top_k]
            ]
            probability = as_probability(row[order[0]])
            abstained = options.abstain(probability)
            answers.append(
                {
                    "label": None if abstained else names[order[0]],
                    "probability": probability,
                    "labels": [] if abstained else [names[i] for i in _sure(row, order)],
                    "top": top,
                    "known_words": known,
                    "abstained": abstained,
                    "warnings": [],
                }
            )
        return answers
