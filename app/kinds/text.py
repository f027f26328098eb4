"""Texts: one or more columns of them, seen as multi-hot words or as weighted n-grams."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, create_model

from app.domain.recipes import Features
from app.domain.texts import MultiHot, NGrams
from app.domain.word_ids import FIRST_WORD, START, UNKNOWN
from app.encoding import hashed_n_grams
from app.encoding.choosing import fitted
from app.encoding.encoder import Columns, Encoder
from app.encoding.hashed_n_grams import HashedNGramEncoder
from app.encoding.multi_hot import TextEncoder, known_words
from app.encoding.n_gram_table import PLACEHOLDER
from app.encoding.n_grams import NGramEncoder
from app.encoding.normalization import VERSION
from app.encoding.rows import Encoded, SparseRows
from app.encoding.saved_n_grams import VERSION as N_GRAMS_VERSION
from app.encoding.tokens import sentences_of
from app.encoding.words import spans_within
from app.errors import DatasetInvalid, InvalidInput, Refusal
from app.kinds.answers import DECIMALS, Effects, InputPart
from app.kinds.base import Task
from app.kinds.labels import Facts
from app.kinds.words import of_n_grams, of_words
from app.wire.declarations import Declaration, Label, TextColumn, TextKind
from app.wire.encodings import Ids, TextDecoding, TextEncoding, Word
from app.wire.predictions import Input, InputWarning, TextExplanation

MOST_SENTENCES = 100  # of an explanation
FEW_KNOWN = 0.5  # share of known words below which an answer deserves a warning


def _texts_of(declaration: Declaration) -> tuple[TextColumn, ...]:
    assert isinstance(declaration.kind, TextKind)
    return declaration.kind.columns


def _field(column: TextColumn) -> tuple[Any, Any]:
    """The annotation and the default of a text in a request."""
    told = column.description or f"raw text, at most {column.max_length:,} characters"
    field: Any = {"title": column.title, "max_length": column.max_length, "description": told}
    if column.required:
        return str, Field(min_length=1, pattern=r"\S", **field)
    return str | None, Field(None, **field)


class TextTask(Task):
    """One or more columns of texts, seen as multi-hot words or as weighted n-grams."""

    feature_kinds = (MultiHot, NGrams)
    encoder_version = 100 * VERSION + N_GRAMS_VERSION
    Explanation = TextExplanation
    Encoding = TextEncoding
    Codes = Ids
    Decoding = TextDecoding

    def _input_form(self) -> type[Input]:
        """A field for each column, those that are needed first."""
        texts = _texts_of(self.declaration)
        self.optional_columns = tuple(column.name for column in texts if not column.required)
        self._main = next((column.name for column in texts if column.required), texts[0].name)
        fields: Any = {column.name: _field(column) for column in sorted(texts, key=lambda column: not column.required)}
        return create_model(f"{self.word}Input", __base__=Input, __doc__=self.description, **fields)

    def _columns(self) -> tuple[str, ...]:
        """The texts by name."""
        return tuple(column.name for column in _texts_of(self.declaration))

    def _fact_fields(self) -> dict[str, Any]:
        """How much of the text the model knows."""
        told = "share of the text's words that the vocabulary holds, 0 to 1"
        return {"known_words": Annotated[float, Field(description=told)]}

    def _facts(self, encoded: Encoded) -> Facts:
        """The share of known words."""
        return [{"known_words": share} for share in known_words(encoded)]

    def columns(self, inputs: Sequence[Any]) -> Columns:
        """A column for each text."""
        return {name: [getattr(item, name) for item in inputs] for name in self.input_columns}

    def fit_encoder(self, features: Features, columns: Columns) -> Encoder:
        """The vocabulary of the training split, or its n-grams."""
        if isinstance(features, NGrams):
            fit = hashed_n_grams.fitted if features.hashed else fitted
            return fit(features, columns, self.input_columns)
        assert isinstance(features, MultiHot)
        return TextEncoder.fit(features, columns, self.input_columns)

    def index_encoder(self, features: Features, index: Sequence[str]) -> Encoder:
        """The first words of the index, with the ids that they were published with."""
        if not isinstance(features, MultiHot):
            raise DatasetInvalid("rows that were published as word ids have lost what n-grams need: choose multi_hot")
        vocabulary = index[: features.words - FIRST_WORD]
        return TextEncoder(vocabulary, features.words, self.input_columns, published=True)

    def load_encoder(self, saved: Mapping[str, Any]) -> Encoder:
        """The saved vocabulary, or the saved n-grams."""
        if saved["kind"] != "n_grams":
            return TextEncoder.from_json(saved)
        return (HashedNGramEncoder if saved.get("hashed") else NGramEncoder).from_json(saved)

    def input_width(self, features: Features) -> int:
        """One column per word id, or n-gram."""
        if isinstance(features, NGrams):
            return features.max_features + 1
        assert isinstance(features, MultiHot)
        return features.words

    def refusals(self, encoded: Encoded, columns: Columns) -> list[Refusal]:
        """Inputs without a single word, such as "?!": there is nothing to judge. Each text that there is, is named."""
        assert isinstance(encoded, SparseRows)
        found = []
        for row, share in enumerate(encoded.known.tolist()):
            if math.isnan(share):
                given = self._given(columns, row)
                found += [Refusal(row, name, "holds no words, only punctuation") for name in given]
                if not given:
                    found.append(Refusal(row, self._main, f"is needed, or another of {', '.join(self.input_columns)}"))
        return found

    def warnings(self, encoder: Any, encoded: Encoded, columns: Columns) -> dict[int, list[InputWarning]]:
        """Texts of words that the model has never seen."""
        assert isinstance(encoded, SparseRows)
        return {
            row: [
                InputWarning(field=name, message=f"the vocabulary holds only {own:.0%} of its words")
                for name, own in self._strange(encoder, self._given(columns, row), share).items()
            ]
            for row, share in enumerate(encoded.known.tolist())
            if share < FEW_KNOWN
        }

    def _given(self, columns: Columns, row: int) -> dict[str, str]:
        """The texts of a row that are there."""
        return {name: text for name in self.input_columns if (text := columns[name][row])}

    def _strange(self, encoder: Any, texts: Mapping[str, str], share: float) -> dict[str, float]:
        """Which of a row's texts have few known words, and what share; of all words together it is `share`."""
        if len(texts) < 2:  # nothing to look for
            return dict.fromkeys(texts, share)
        if isinstance(encoder, NGramEncoder):
            others = {name: [""] for name in encoder.fields}
            own = {name: known_words(encoder.encode(others | {name: [text]}))[0] for name, text in texts.items()}
        else:
            words = {name: [span[0] for span in spans] for name, spans in spans_within(texts)}
            own = {name: sum(map(encoder.ids.__contains__, all_)) / len(all_) for name, all_ in words.items() if all_}
        return {name: known for name, known in own.items() if known < FEW_KNOWN}

    def explanation(self, encoder: Any, item: Any, effects: Effects, label: Label | None) -> TextExplanation:
        """Every word where it stands."""
        texts = {field: text for field in encoder.fields if (text := getattr(item, field))}
        words = (of_n_grams if isinstance(encoder, NGramEncoder) else of_words)(encoder, texts, effects)
        return TextExplanation.model_construct(label=None if label is None else str(label), words=words)

    def parts(self, item: Any) -> list[InputPart]:
        """The sentences of its texts."""
        found: list[InputPart] = []
        for field in self.input_columns:
            text = getattr(item, field) or ""
            for start, end in sentences_of(text)[: MOST_SENTENCES - len(found)]:
                nothing = dict.fromkeys(self.input_columns, "")
                found.append(InputPart(field, start, end, nothing | {field: text[start:end]}))
        return found

    def explain_parts(self, explanation: Any, parts: Sequence[InputPart], scores: Sequence[float]) -> None:
        """Each sentence with its score."""
        explanation.sentences = [
            {"field": part.field, "start": part.start, "end": part.end, "score": round(score, DECIMALS)}
            for part, score in zip(parts, scores, strict=True)
        ]

    def encoding(self, encoder: Any, item: Any, encoded: Encoded) -> TextEncoding:
        """Words, ids and unknown words."""
        tokens = encoder.tokens(self.columns([item]))
        unknown_id = PLACEHOLDER if isinstance(encoder, HashedNGramEncoder) else UNKNOWN
        return TextEncoding(
            words=[Word(word=word, id=number) for word, number in tokens],
            ids=[*([] if isinstance(encoder, NGramEncoder) else [START]), *(number for _, number in tokens)],
            unknown=list(dict.fromkeys(word for word, number in tokens if number == unknown_id)),
            known_words=known_words(encoded)[0],
        )

    def decoding(self, encoder: Any, codes: Ids) -> TextDecoding:
        """Words for ids."""
        most = encoder.width if isinstance(encoder, HashedNGramEncoder) else encoder.words
        for place, number in enumerate(codes.ids):
            if number >= most:
                raise InvalidInput(f"must be below {most}, got {number}", field=f"ids.{place}")
        words = encoder.words_at(codes.ids)
        return TextDecoding(words=words, text=" ".join(word or "?" for word in words))
