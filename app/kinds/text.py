"""Texts: one or more columns of them, seen as multi-hot words."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from app.domain.numbers import Integer
from app.domain.recipes import Features, MultiHot
from app.encoding.encoder import Columns, Encoder
from app.encoding.multi_hot import FIRST_WORD, START, UNKNOWN, TextEncoder, known_words
from app.encoding.normalization import VERSION
from app.encoding.rows import Encoded, SparseRows
from app.encoding.words import spans_within
from app.errors import InvalidInput, Refusal
from app.kinds.answers import Effects, InputWarning
from app.kinds.base import Label, Task

IDS = "by frequency in its training split (of rows imported from keras.datasets: the ids there)"

FEW_KNOWN = 0.5  # share of known words below which an answer deserves a warning
MAX_CHARACTERS = 100_000  # the longest IMDB review has 13,704
MAX_IDS = 100_000  # of one request; no review has more words than characters

Text = Annotated[
    str,
    Field(min_length=1, max_length=MAX_CHARACTERS, pattern=r"\S", description="raw text, at most 100,000 characters"),
]
Id = Annotated[int, Integer(0)]


class Word(BaseModel):
    """A word of a text and its id."""

    word: str
    id: int = Field(description=f"its rank in the model's own vocabulary plus 3, {IDS}; {UNKNOWN} for an unknown word")


class TextEncoding(BaseModel):
    """A text as a model sees it: of each id only whether it occurs."""

    words: list[Word] = Field(description="in the order of the text")
    ids: list[int] = Field(description=f"the same as ids, after {START} for the start; another model has other ids")
    unknown: list[str] = Field(description="words that the vocabulary does not hold, each once")
    known_words: float = Field(description="share of the words that the vocabulary holds, 0 to 1")


class WordEffect(TypedDict):
    """A word where it stands, and what it does to the answer."""

    word: str
    field: Annotated[str, Field(description="`text` or `title`")]
    start: Annotated[int, Field(description="place of its first character in that field as it was sent, code points")]
    end: Annotated[int, Field(description="place after its last character")]
    effect: Annotated[
        float, Field(description="what the probability of `label` would lose without this word, wherever it stands")
    ]


class TextExplanation(BaseModel):
    """The effect of each word."""

    label: str = Field(description="the label whose probability it is about")
    words: list[WordEffect] = Field(description="in the order of the text")


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

    words: list[str | None] = Field(description="the word of each id; null for the reserved ids and those without one")
    text: str = Field(description="the words in one line, `?` for null, as the notebooks print reviews")


class TextTask(Task):
    """What the tasks on text share: multi-hot words."""

    kind = "text"
    feature_kinds = (MultiHot,)
    pictures = ("confusion",)
    encoder_version = VERSION
    Encoding = TextEncoding
    Codes = Ids
    Decoding = TextDecoding

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """The vocabulary of the training split."""
        assert isinstance(features, MultiHot)
        return TextEncoder.fit(features, columns, self.input_columns)

    def index_encoder(self, features: Features, index: Sequence[str]) -> Encoder:
        """The first words of the index, with the ids that they were published with."""
        assert isinstance(features, MultiHot)
        vocabulary = index[: features.words - FIRST_WORD]
        return TextEncoder(vocabulary, features.words, self.input_columns, published=True)

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """The saved vocabulary."""
        return TextEncoder.from_json(saved)

    def input_width(self, features: Features) -> int:
        """One column per word id."""
        assert isinstance(features, MultiHot)
        return features.words

    def refusals(self, encoded: Encoded) -> list[Refusal]:
        """Texts without a single word, such as "?!": there is nothing to judge."""
        assert isinstance(encoded, SparseRows)
        shares = enumerate(encoded.known.tolist())
        return [Refusal(row, "text", "holds no words, only punctuation") for row, share in shares if math.isnan(share)]

    def warnings(self, encoder: Any, encoded: Encoded) -> dict[int, list[InputWarning]]:
        """Texts of words that the model has never seen."""
        del encoder
        assert isinstance(encoded, SparseRows)
        return {
            row: [InputWarning(field="text", message=f"the vocabulary holds only {share:.0%} of its words")]
            for row, share in enumerate(encoded.known.tolist())
            if share < FEW_KNOWN
        }

    def explanation(self, encoder: TextEncoder, item: Any, effects: Effects, label: Label | None) -> TextExplanation:
        """Every word where it stands. Of several unknown words none has an effect: the others stay unknown."""
        words: list[WordEffect] = []
        unknown: set[str] = set()
        texts = {field: text for field in encoder.fields if (text := getattr(item, field))}
        for field, spans in spans_within(texts):
            ids = [encoder.ids.get(word, UNKNOWN) for word, _, _ in spans]
            unknown |= {span[0] for span, number in zip(spans, ids, strict=True) if number == UNKNOWN}
            words += [
                {"word": word, "field": field, "start": start, "end": end, "effect": effect}
                for (word, start, end), effect in zip(spans, np.round(effects[ids], 6).tolist(), strict=True)
            ]
        if len(unknown) > 1:
            for word in words:
                word["effect"] = 0.0 if word["word"] in unknown else word["effect"]
        return TextExplanation.model_construct(label=str(label), words=words)

    def encoding(self, encoder: TextEncoder, item: Any, encoded: Encoded) -> TextEncoding:
        """Words, ids and unknown words."""
        tokens = encoder.tokens(self.columns([item]))
        return TextEncoding(
            words=[Word(word=word, id=number) for word, number in tokens],
            ids=[START, *(number for _, number in tokens)],
            unknown=list(dict.fromkeys(word for word, number in tokens if number == UNKNOWN)),
            known_words=known_words(encoded)[0],
        )

    def decoding(self, encoder: TextEncoder, codes: Ids) -> TextDecoding:
        """Words for ids."""
        for place, number in enumerate(codes.ids):
            if number >= encoder.words:
                raise InvalidInput(f"must be below {encoder.words}, got {number}", field=f"ids.{place}")
        words = encoder.words_at(codes.ids)
        return TextDecoding(words=words, text=" ".join(word or "?" for word in words))
