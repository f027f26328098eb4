"""Predictions: what may be asked, who answers, and what answers are made of."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from app.domain.numbers import Integer, Number, OneMessage

MOST_VERSIONS = 2**31 - 1  # of a task, as its column in the database takes them


ModelName = Annotated[
    Literal["active"] | Annotated[int, Integer(1, MOST_VERSIONS)] | Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")],
    OneMessage(
        f"must be `active`, a version number from 1 to {MOST_VERSIONS}, or a model id: a-z, 0-9 and -, at most 64"
    ),
]


class Input(BaseModel):
    """One instance as a client sends it."""

    model_config = ConfigDict(extra="forbid")


class ModelChoice(BaseModel):
    """Which of a task's models is asked."""

    model_config = ConfigDict(extra="forbid")
    model: ModelName = Field("active", description="`active`, a version number, or a model id")


class Options(ModelChoice):
    """What a client may ask of a prediction besides the answer."""

    top_k: Annotated[int, Integer(1, 100)] = Field(5, description="how many labels `top` lists, where there is one")
    min_confidence: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        None, description="a classifier whose probability is below it abstains: `label` is null"
    )
    max_novelty: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        None,
        description="a classifier to which an input is more novel abstains; 1 makes it answer even a text of which it "
        "knows not one word",
    )
    explain: bool = Field(
        False, strict=True, description="whether to say what each part of the input does to the answer"
    )

    def abstain(self, probability: float) -> bool:
        """Whether a classifier that is so sure of its label should not give it."""
        return self.min_confidence is not None and probability < self.min_confidence

    def shun(self, novelty: float, *, is_unknown: bool) -> bool:
        """Whether a classifier should not give its label for an input that is so novel, or that it knows nothing of."""
        return is_unknown if self.max_novelty is None else novelty > self.max_novelty


class ModelRef(BaseModel):
    """The model that answered."""

    id: str
    version: int


class InputWarning(BaseModel):
    """Something that speaks against trusting an answer."""

    field: str = Field(description="dotted path within the instance; `model` where it is the model itself")
    message: str


Warnings = Annotated[list[InputWarning], Field(description="what speaks against trusting the answer; mostly empty")]


Abstained = Annotated[
    bool,
    Field(
        description="whether `label` is null: `probability` is below `min_confidence`, `novelty` above `max_novelty`, "
        "or the model knows not one word of a text"
    ),
]

TheNovelty = Annotated[
    float,
    Field(
        description="share of the rows on which the model was tried that are less unlike those that it has learnt "
        "from, 0 to 1; of models that tell it"
    ),
]


EXPLAINED = "only there with `explain`"  # about an answer's `explanation`


class NamedEffects(BaseModel):
    """The effect of each number of an input."""

    label: str | int | None = Field(None, description="whose probability it is about; null for regression")
    effects: dict[str, float] = Field(
        description="what each adds to the answer: positive raises the probability of `label`, or the value"
    )


class LabelScore(TypedDict):
    """A label and how probable it is."""

    label: str | int
    probability: float


class ImageExplanation(BaseModel):
    """The effect of each pixel."""

    label: str | int | None = Field(description="the label whose probability it is about; null for a number")
    effects: list[list[float]] = Field(
        description="28 rows of 28: what the probability of `label` would lose if that pixel were blank"
    )


class WordEffect(TypedDict):
    """A word where it stands, and what it does to the answer."""

    word: str
    field: Annotated[str, Field(description="the name of a text of the input")]
    start: Annotated[int, Field(description="place of its first character in that field as it was sent, code points")]
    end: Annotated[int, Field(description="place after its last character")]
    effect: Annotated[
        float,
        Field(
            description="what the probability of `label` would lose without this word, wherever it stands; of n-grams "
            "the sum of its shares in what would be lost without each that it is a part of"
        ),
    ]


class SentenceScore(TypedDict):
    """A sentence where it stands, and how it would be answered if it were all there is."""

    field: Annotated[str, Field(description="the name of a text of the input")]
    start: Annotated[int, Field(description="place of its first character in that field as it was sent, code points")]
    end: Annotated[int, Field(description="place after its last character")]
    score: Annotated[float, Field(description="the probability of `label`, 0 to 1, or the value")]


class TextExplanation(BaseModel):
    """The effect of each word, and what each sentence says by itself."""

    label: str | None = Field(description="the label whose probability it is about; null for a number")
    words: list[WordEffect] = Field(description="in the order of the text")
    sentences: list[SentenceScore] = Field(
        default_factory=list, description="of a text that has several, the first hundred; in their order"
    )
