"""How a model sees an input, and what that is turned back into."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.domain.numbers import Integer, Number
from app.domain.word_ids import START, UNKNOWN

IDS = "by frequency in its training split (of rows imported from keras.datasets: the ids there)"


MAX_IDS = 100_000  # of one request; no review has more words than characters


Id = Annotated[int, Integer(0)]


class Word(BaseModel):
    """A word of a text and its id."""

    word: str
    id: int = Field(
        description=f"its rank in the model's own vocabulary plus 3, {IDS}; {UNKNOWN} for an unknown word. Of hashed "
        "n-grams its column where it stands, 0 for an unknown word"
    )


class TextEncoding(BaseModel):
    """A text as a model sees it: of each id only whether it occurs."""

    words: list[Word] = Field(description="in the order of the text")
    ids: list[int] = Field(
        description=f"the same as ids, of multi-hot rows after {START} for the start; another model has other ids"
    )
    unknown: list[str] = Field(description="words that the vocabulary does not hold, each once")
    known_words: float = Field(description="share of the words that the vocabulary holds, 0 to 1")


class Ids(BaseModel):
    """Word ids to turn back into words."""

    model_config = ConfigDict(extra="forbid")
    ids: list[Id] = Field(
        min_length=1,
        max_length=MAX_IDS,
        fail_fast=True,
        description=f"as `encode` of the same model gives them: ranks in its own vocabulary plus 3, {IDS}",
    )


class TextDecoding(BaseModel):
    """Word ids as words."""

    words: list[str | None] = Field(
        description="the word of each id; null for the reserved ids, those without one, and all of hashed n-grams"
    )
    text: str = Field(description="the words in one line, `?` for null, as the notebooks print reviews")


MOST_VALUES = 10_000  # of an encoded row, but for pictures that have more


Value = Annotated[Number, Field(ge=-1e6, le=1e6)]


class Values(BaseModel):
    """One encoded row of plain numbers."""

    model_config = ConfigDict(extra="forbid")
    values: list[Value] = Field(
        max_length=MOST_VALUES, fail_fast=True, description="what the first layer takes, in order"
    )


class NamedValues(BaseModel):
    """One encoded row of plain numbers, with their names."""

    values: list[float] = Field(description="what the first layer takes, in order")
    columns: list[str] = Field(description="what each value stands for; empty where they have no names")


class Restored(BaseModel):
    """An encoded row turned back."""

    input: dict[str, Any] = Field(description="the fields of which this is the encoding")
