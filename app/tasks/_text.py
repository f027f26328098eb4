"""Text as word ids: the words by the rules of Keras' published sets, one code path for training and serving."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, groupby, repeat
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from app.domain.numbers import Integer
from app.domain.recipes import Features, MultiHot
from app.errors import InvalidInput
from app.tasks._answers import Effects, InputWarning, Refusal
from app.tasks._plain import LOSSLESS, VERSION
from app.tasks._rows import Encoded, SparseRows, stacked
from app.tasks._words import CHUNK, WordTable, set_apart, spans_within, words_in, words_of
from app.tasks.base import Columns, Encoder, Label, Task

PAD, START, UNKNOWN = 0, 1, 2  # reserved ids as in keras.datasets; 3 is unused there and here
FIRST_WORD = 4  # id of the first word: index_from=3, and ranks start at 1
IDS = "by frequency in its training split (of rows imported from keras.datasets: the ids there)"

FEW_KNOWN = 0.5  # share of known words below which an answer deserves a warning
MAX_CHARACTERS = 100_000  # the longest IMDB review has 13,704
MAX_IDS = 100_000  # of one request; no review has more words than characters
MANY = 8  # texts from which on it is faster to go through all of them together

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


class TextEncoder:
    """Texts to multi-hot rows over the most frequent words of a training split."""

    def __init__(
        self, vocabulary: Sequence[str], words: int, fields: Sequence[str], *, published: bool = False
    ) -> None:
        """`vocabulary` by rank, as `published` or as counted; `words` counts ids; `fields` are the text columns."""
        if len(vocabulary) > words - FIRST_WORD:
            raise ValueError(f"{len(vocabulary)} words do not fit below id {words}")
        self.vocabulary = list(vocabulary)
        self.words = words
        self.fields = tuple(fields)
        self.published = published
        self._words: WordTable | None = None
        self._can_go_together = True
        self.ids = {word: number for number, word in enumerate(self.vocabulary, FIRST_WORD)}

    @classmethod
    def fit(cls, features: MultiHot, columns: Columns, fields: Sequence[str]) -> "TextEncoder":
        """Count the words of the training split; ties go to the word that was seen first."""
        counts = Counter(chain.from_iterable(words_of(text) for text in _joined(columns, fields)))
        most_common = counts.most_common(features.words - FIRST_WORD)
        return cls([word for word, _ in most_common], features.words, fields)

    @property
    def width(self) -> int:
        """Numbers per encoded row."""
        return self.words

    def encode(self, columns: Columns) -> Encoded:
        """Multi-hot rows; column START is always one, column UNKNOWN where a word is not in the vocabulary."""
        texts = _joined(columns, self.fields)
        if len(texts) < MANY or not (table := self._table()):
            return stacked([self._encode_one(words_of(text)) for text in texts], self.words)
        parts = []
        # A text of its own where it is too long for the table: the two ways differ in nothing but speed.
        for long, some in groupby(map(set_apart, texts), lambda text: len(text) > CHUNK):
            if long:
                parts += [self._encode_one(words_in(text)) for text in some]
            else:
                parts += [self._rows(ids, counts) for ids, counts in table.find(list(some))]
        return stacked(parts, self.words)

    def _encode_one(self, words: list[str]) -> SparseRows:
        found = list(map(self.ids.get, words, repeat(UNKNOWN)))
        ones = {START, *found}
        indices = np.fromiter(ones, np.int32, len(ones))
        indices.sort()
        known = (len(found) - found.count(UNKNOWN)) / len(found) if found else np.nan
        return SparseRows(indices, np.array((0, len(indices))), self.words, np.array((known,)))

    def _rows(self, ids: NDArray[np.int32], counts: NDArray[np.int64]) -> SparseRows:
        """Rows of some texts, from the ids of all their words and the number of words in each."""
        small = (len(counts) + 1) * self.words < np.iinfo(np.int32).max  # which is sorted in half the time
        firsts: NDArray[Any] = np.arange(len(counts) + 1, dtype=np.int32 if small else np.int64) * self.words
        ones = np.concatenate([np.repeat(firsts[:-1], counts) + ids, firsts[:-1] + START])
        ones.sort()
        ones = ones[np.flatnonzero(np.diff(ones, prepend=-1))]
        offsets = np.searchsorted(ones, firsts)
        unknown = np.diff(np.concatenate([[0], np.cumsum(ids == UNKNOWN)])[np.concatenate([[0], np.cumsum(counts)])])
        with np.errstate(invalid="ignore"):  # no words: NaN
            known = (counts - unknown) / counts
        indices = (ones - np.repeat(firsts[:-1], np.diff(offsets))).astype(np.int32)
        return SparseRows(indices, offsets, self.words, known)

    def _table(self) -> WordTable | None:
        """Made when many texts come for the first time, half a MB; None for a vocabulary that no text can have made."""
        if self._words is None and self._can_go_together:
            # A published index has words that no text is split into; they keep their ids.
            found = [word for word in self.ids if words_of(word) == [word]]
            ids = [self.ids[word] for word in found]
            try:
                self._words = WordTable([word.encode("utf-8", LOSSLESS) for word in found], ids, UNKNOWN)
            except ValueError:
                self._can_go_together = False
        return self._words

    def tokens(self, columns: Columns) -> list[tuple[str, int]]:
        """The words of the first row with their ids, in the order of the text."""
        text = next(iter(_joined(columns, self.fields)))
        return [(word, self.ids.get(word, UNKNOWN)) for word in words_of(text)]

    def words_at(self, ids: Sequence[int]) -> list[str | None]:
        """The word of each id; None for reserved ids and those that no word has."""
        places = range(FIRST_WORD, FIRST_WORD + len(self.vocabulary))
        return [self.vocabulary[i - FIRST_WORD] if i in places else None for i in ids]

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        return {
            "kind": "multi_hot",
            "words": self.words,
            "fields": list(self.fields),
            "normalization": VERSION,
            "ranks": "published" if self.published else "counted",
            "reserved": {"padding": PAD, "start": START, "unknown": UNKNOWN, "first_word": FIRST_WORD},
            "vocabulary": self.vocabulary,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> "TextEncoder":
        """The encoder that `to_json` described; one of a former normalisation reads texts by the present one.

        Raises:
            ValueError: a later release made it, whose words are others.
        """
        vocabulary, words, fields = saved["vocabulary"], saved["words"], saved["fields"]
        if saved.get("normalization", 1) > VERSION:
            raise ValueError(f"normalization {saved['normalization']} is of a later release")
        return cls(vocabulary, words, fields, published=saved.get("ranks") == "published")


def known_words(encoded: Encoded) -> list[float]:
    """The share of each text's words that the vocabulary holds, four decimals."""
    assert isinstance(encoded, SparseRows)
    return [round(share, 4) for share in encoded.known.tolist()]


def _joined(columns: Columns, fields: Sequence[str]) -> list[str]:
    """Each row's text columns as one text; a missing title counts as empty."""
    if len(fields) == 1:
        return [text or "" for text in columns[fields[0]]]
    rows = zip(*(columns[field] for field in fields), strict=True)
    return [" ".join(part for part in row if part) for row in rows]


class TextTask(Task):
    """What the tasks on text share: multi-hot words."""

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
