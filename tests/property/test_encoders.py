"""Encoders on anything that a client may send."""

import json
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.tables import Raw, Standardized
from app.domain.texts import MultiHot
from app.domain.word_ids import START, UNKNOWN
from app.encoding.coordinates import CoordinateEncoder
from app.encoding.multi_hot import MANY, TextEncoder, known_words
from app.encoding.pixels import PixelEncoder
from app.encoding.rows import SparseRows
from app.encoding.table import RawTable, Standardizer
from app.encoding.words import set_apart, spans_of, spans_within, words_in, words_of
from app.errors import InvalidInput
from app.kinds.base import Task
from app.wire.encodings import Ids, Restored, TextDecoding, TextEncoding
from tests.support.tasks import TASKS

# Texts of known and unknown words, tags and punctuation, and texts of anything at all.

COLUMNS = TASKS.get("housing").input_columns

known_texts = st.lists(
    st.sampled_from(["good", "BAD", "film", "don't", "<br />", "?!", "\x1f", "grief", "4"]), max_size=12
).map(" ".join)
texts = known_texts | st.text(st.characters(), max_size=60)
titles = st.none() | texts

ENCODER = TextEncoder(["good", "bad", "film", "don't"], 12, ("text",))
STORIES = TextEncoder(["good", "bad", "film", "don't"], 12, ("title", "text"))

amounts = st.floats(-1e6, 1e6)


def sparse(encoder: TextEncoder, columns: dict[str, Any]) -> SparseRows:
    encoded = encoder.encode(columns)
    assert isinstance(encoded, SparseRows)
    return encoded


@given(st.lists(texts, max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_encoded(drawn: list[str]) -> None:
    """Each row's indices are ascending, without repeats, within the width, and begin with START."""
    rows = sparse(ENCODER, {"text": drawn})

    assert len(drawn) == len(rows)
    assert 0 == rows.offsets[0]
    assert len(rows.indices) == rows.offsets[-1]
    for start, stop in zip(rows.offsets, rows.offsets[1:], strict=False):
        row = rows.indices[start:stop].tolist()
        assert sorted(set(row)) == row
        assert START == row[0]
        assert row[-1] < rows.width


@given(texts)
@settings(max_examples=300, deadline=None)
def test_known_words_and_unknown_agree(text: str) -> None:
    """UNKNOWN is set exactly when less than all words are known; without words the share is NaN."""
    row = sparse(ENCODER, {"text": [text]})
    words = words_of(text)

    assert (UNKNOWN in row.indices) == any(word not in ENCODER.ids for word in words)
    if words:
        assert 0 <= known_words(row)[0] <= 1
        assert (known_words(row)[0] == 1) == (UNKNOWN not in row.indices)
    else:
        assert np.isnan(row.known[0])
        assert [0] == [refusal.row for refusal in TASKS.get("sentiment").refusals(row, {"text": [text]})]


@given(texts)
@settings(max_examples=300, deadline=None)
def test_words_have_neither_blanks_nor_filtered_characters(text: str) -> None:
    for word in words_of(text):
        assert [word] == word.split()
        assert not set(word) & set('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n')


@given(st.lists(st.tuples(titles, texts), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_a_batch_is_its_single_rows(drawn: list[tuple[str | None, str]]) -> None:
    batch = sparse(STORIES, {"title": [t for t, _ in drawn], "text": [t for _, t in drawn]})

    for number, (title, text) in enumerate(drawn):
        single = sparse(STORIES, {"title": [title], "text": [text]})
        taken = batch.take(np.array([number]))
        np.testing.assert_array_equal(single.indices, taken.indices)
        np.testing.assert_array_equal(single.offsets, taken.offsets)
        np.testing.assert_array_equal(single.known, taken.known)


@given(st.lists(texts, min_size=1, max_size=8), st.integers(5, 30))
@settings(max_examples=200, deadline=None)
def test_a_vocabulary_is_the_most_frequent_words(drawn: list[str], words: int) -> None:
    """No word that is left out is more frequent than one that is in, and frequencies fall."""
    encoder = TextEncoder.fit(MultiHot(words=words), {"text": drawn}, ("text",))
    all_words = [word for text in drawn for word in words_of(text)]
    seen = list(dict.fromkeys(all_words))
    expected = sorted(seen, key=lambda word: (-all_words.count(word), seen.index(word)))

    assert expected[: words - 4] == encoder.vocabulary
    assert words == encoder.width


@given(st.lists(st.lists(amounts, min_size=13, max_size=13), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_standardising_can_be_undone(rows: list[list[float]]) -> None:
    """Value = encoded x deviation + mean, up to the precision of float32; and there is no NaN."""
    columns = {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}
    encoder = TASKS.get("housing").fit_encoder(Standardized(), columns)
    assert isinstance(encoder, Standardizer)
    encoded = encoder.encode(columns)
    assert isinstance(encoded, np.ndarray)

    assert np.isfinite(encoded).all()
    tolerance = 1e-6 * (np.abs(encoder.mean) + encoder.std * len(rows))
    error = np.abs(encoded.astype(np.float64) * encoder.std + encoder.mean - np.array(rows))
    assert (error <= tolerance + 1e-9).all()


@given(st.lists(st.lists(amounts, min_size=13, max_size=13), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_raw_figures_stay_as_they_are(rows: list[list[float]]) -> None:
    """Up to the precision of float32; no training row is outside its own range, and a saved encoder does the same."""
    housing = TASKS.get("housing")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}
    encoder = housing.fit_encoder(Raw(), columns)
    encoded = encoder.encode(columns)
    saved = housing.load_encoder(json.loads(json.dumps(encoder.to_json())))

    np.testing.assert_array_equal(np.array(rows, dtype=np.float32), encoded)
    assert {} == housing.warnings(encoder, encoded, columns)
    np.testing.assert_array_equal(encoded, saved.encode(columns))
    np.testing.assert_array_equal(housing.usual(encoder), housing.usual(saved))


@given(st.lists(amounts, min_size=13, max_size=13))
@settings(max_examples=100, deadline=None)
def test_any_part_of_town_is_restored_from_raw_figures(values: list[float]) -> None:
    encoder = RawTable(list(COLUMNS), [0.0] * 13)
    sent = {"features": dict(zip(COLUMNS, values, strict=True))}
    restored = decoded_encoding(TASKS.get("housing"), encoder, sent)["features"]

    np.testing.assert_allclose(values, list(restored.values()), rtol=1e-7, atol=1e-6)


def decoded_encoding(task: Task, encoder: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """An input there and back, as a client does it."""
    item = task.Input.model_validate(fields)
    encoding = task.encoding(encoder, item, encoder.encode(task.columns([item])))
    codes = task.Codes.model_validate(encoding.model_dump(include=set(task.Codes.model_fields)))
    restored = task.decoding(encoder, codes)
    assert isinstance(restored, Restored)
    fields_again: dict[str, Any] = task.Input.model_validate(restored.input).model_dump()
    return fields_again


@given(st.lists(st.integers(0, 255), min_size=784, max_size=784))
@settings(max_examples=30, deadline=None)
def test_any_picture_is_restored_to_the_pixel(pixels: list[int]) -> None:
    digits = TASKS.get("digits")
    restored = decoded_encoding(digits, PixelEncoder(), {"pixels": pixels})["pixels"]

    assert pixels == [value for row in restored for value in row]


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=2))
@settings(max_examples=200, deadline=None)
def test_any_point_is_restored(point: list[float]) -> None:
    """Up to the precision of float32, and six decimals."""
    restored = decoded_encoding(TASKS.get("planar"), CoordinateEncoder(), {"point": point})["point"]

    np.testing.assert_allclose(point, restored, rtol=1e-7, atol=1e-6)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=13, max_size=13),
    st.lists(st.floats(-500, 500), min_size=13, max_size=13),
    st.lists(st.floats(1e-3, 500), min_size=13, max_size=13),
)
@settings(max_examples=200, deadline=None)
def test_any_part_of_town_is_restored(values: list[float], mean: list[float], std: list[float]) -> None:
    """A deviation times the precision of float32, and of six decimals."""
    encoder = Standardizer(list(COLUMNS), mean, std)
    # No farther from the mean than 100,000 deviations: an encoder takes no notice of more than a million.
    near = [m + min(max(v - m, -1e5 * s), 1e5 * s) for v, m, s in zip(values, mean, std, strict=True)]
    sent = {"features": dict(zip(COLUMNS, near, strict=True))}
    restored = decoded_encoding(TASKS.get("housing"), encoder, sent)["features"]

    assert list(COLUMNS) == list(restored)
    for place, name in enumerate(COLUMNS):
        tolerance = 1e-6 * std[place] + 1e-6 + 1e-7 * abs(near[place] - mean[place])
        assert abs(near[place] - restored[name]) <= tolerance


@given(texts.filter(words_of))
@settings(max_examples=300, deadline=None)
def test_the_ids_of_any_text_are_its_words_again(text: str) -> None:
    """After a mark for the start, with a question mark for each word that is not in the vocabulary."""
    task = TASKS.get("sentiment")
    item = task.Input.model_construct(text=text)
    encoding = task.encoding(ENCODER, item, ENCODER.encode({"text": [text]}))
    assert isinstance(encoding, TextEncoding)
    decoding = task.decoding(ENCODER, Ids(ids=encoding.ids))
    assert isinstance(decoding, TextDecoding)

    known = [word if word in ENCODER.ids else None for word in words_of(text)]
    assert words_of(text) == [word.word for word in encoding.words]
    assert [None, *known] == decoding.words
    assert " ".join(["?", *(word or "?" for word in known)]) == decoding.text
    assert set(words_of(text)) - set(ENCODER.ids) == set(encoding.unknown)
    assert len(set(encoding.unknown)) == len(encoding.unknown)


@given(st.lists(st.integers(0, 11), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_ids_within_the_limit_have_a_text(ids: list[int]) -> None:
    decoding = TASKS.get("newswire").decoding(STORIES, Ids(ids=ids))
    assert isinstance(decoding, TextDecoding)

    assert len(ids) == len(decoding.words) == len(decoding.text.split(" "))
    assert [ENCODER.ids.get(word) if word else None for word in decoding.words] == [
        number if number in ENCODER.ids.values() else None for number in ids
    ]


@given(st.lists(st.integers(0, 11), max_size=5), st.integers(12, 10**9), st.lists(st.integers(0, 100), max_size=5))
@settings(max_examples=200, deadline=None)
def test_the_first_id_beyond_the_limit_is_named(before: list[int], number: int, after: list[int]) -> None:
    with pytest.raises(InvalidInput, match=f"must be below 12, got {number}") as caught:
        TASKS.get("newswire").decoding(STORIES, Ids(ids=[*before, number, *after]))

    assert [f"ids.{len(before)}"] == [error.field for error in caught.value.errors]


@given(st.lists(st.integers(0, 255), min_size=784, max_size=784))
@settings(max_examples=30, deadline=None)
def test_any_picture_becomes_becomes_shares_of_one(pixels: list[int]) -> None:
    digits = TASKS.get("digits")
    encoded = digits.fit_encoder(digits.presets["baseline"].recipe.features, {}).encode({"pixels": [pixels]})
    assert isinstance(encoded, np.ndarray)

    assert (1, 784) == encoded.shape
    np.testing.assert_allclose(np.array(pixels) / 255, encoded[0], rtol=1e-6)


# What people's keyboards, word processors and web pages make of plain text.
FRAGMENTS = [
    *"ΑΣσς.,'İıẞKſé-`´’‘“”«»–—…&;<=>#Å½≠ﬁＡ＇。", "fan", "good", "Don", "<br />", "<BR>", "<i>", "</i>", "</p>",
    "&amp;", "&#39;", "&quot;", "&amp;#39;", "&lt;", "&nbsp;", "&eacute;", "&c;", "&#x27;", "&#769;", "&shy;",
    "e\u0301", "\u0301", "\u0327", "\u0f71", "\u0338", "\u0345", "\u00ad", "\u200b", "\ufeff", "\u2060", "\u200d",
    "\u00a0", "\u3000", "\u0085", "\x92", "\x1c", "\x00", "\U0001d41b", "😍", "\ufe0f", "한", "\u1112\u1161\u11ab",
    "\ud83d",
]  # fmt: skip
typed = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


def same_sigma(word: str) -> str:
    """A sigma's form depends on its neighbours."""
    return word.replace("ς", "σ")


@given(text=texts | typed)
@settings(max_examples=400, deadline=None)
def test_every_word_has_its_place(text: str) -> None:
    """In order, apart, and what stands there as it was sent is that word and no other."""
    spans = spans_of(text)

    assert words_of(text) == [word for word, _, _ in spans]
    places = [place for _, start, end in spans for place in (start, end)]
    assert places == sorted(places)
    for word, start, end in spans:
        assert [same_sigma(word)] == [same_sigma(found) for found in words_of(text[start:end])]


@given(title=texts | typed, text=texts | typed)
@settings(max_examples=200, deadline=None)
def test_every_word_has_its_place_in_its_column(title: str, text: str) -> None:
    """The words of a row are those of its columns together: a tag may be closed in the other one only."""
    found = dict(spans_within({"title": title, "text": text}))

    assert words_of(f"{title} {text}") == [word for spans in found.values() for word, _, _ in spans]
    for column, spans in zip((title, text), found.values(), strict=True):
        assert all(0 <= start < end <= len(column) for _, start, end in spans)


@given(text=texts | typed)
@settings(max_examples=300, deadline=None)
def test_words_are_their_own_words(text: str) -> None:
    """What has been read once reads the same."""
    words = words_of(text)

    assert [same_sigma(word) for word in words] == [same_sigma(word) for word in words_of(" ".join(words))]


@given(text=texts | typed)
@settings(max_examples=300, deadline=None)
def test_composed_and_decomposed_letters_are_the_same(text: str) -> None:
    assert (
        words_of(text) == words_of(unicodedata.normalize("NFD", text)) == words_of(unicodedata.normalize("NFC", text))
    )


@given(drawn=st.lists(texts | typed, min_size=MANY, max_size=2 * MANY))
@settings(max_examples=150, deadline=None)
def test_many_texts_together_have_the_rows_of_each_alone(drawn: list[str]) -> None:
    """With a vocabulary of their own words, so that each is found or not by both ways."""
    encoder = TextEncoder.fit(MultiHot(words=30), {"text": drawn}, ("text",))
    together = sparse(encoder, {"text": drawn})

    for row, text in enumerate(drawn):
        alone, one = sparse(encoder, {"text": [text]}), together.take(np.array([row]))
        np.testing.assert_array_equal(alone.indices, one.indices)
        np.testing.assert_array_equal(alone.known, one.known)


# Ways to write each of ASCII's marks that word processors, telephones and web pages have.
VARIANTS = {
    "'": ["’", "‘", "‛", "ʼ", "´", "′", "＇", "&#39;", "&apos;", "&#x27;", "&rsquo;", "&amp;#39;", "&#8217;", "\x92"],
    '"': ["“", "”", "„", "«", "»", "″", "＂", "&quot;", "&ldquo;", "&amp;quot;", "&#34;", "\x93"],
    "-": ["‐", "‑", "‒", "–", "—", "―", "−", "－", "&ndash;", "&mdash;", "&#8211;", "\x96"],
    ".": ["…", "．", "。", "&hellip;", "\x85"],
    " ": ["\u00a0", "\u2009", "\u202f", "\u3000", "&nbsp;", "&#160;", "&amp;nbsp;", "<br />", "\u2028"],
    "&": ["&amp;", "&#38;", "＆", "&amp;amp;"],
    "!": ["！", "¡", "‼"], "?": ["？", "¿", "⁇"], ",": ["，", "、"], "/": ["⁄", "∕", "／"], "(": ["（"], ")": ["）"],
}  # fmt: skip
UNSEEN = ["\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "&shy;", "&#8203;", "&zwj;"]
english = st.text(st.sampled_from("etaoinETAOIN04" + "".join(VARIANTS)), max_size=40)


@given(text=english, data=st.data())
@settings(max_examples=300, deadline=None)
def test_typography_changes_no_word(text: str, data: st.DataObject) -> None:
    """Every mark in any of its forms, letters full-width or not, and soft hyphens anywhere."""
    forms = {
        char: [char, *VARIANTS.get(char, []), *([chr(ord(char) + 0xFEE0)] if char.isalnum() else [])] for char in text
    }
    typed = "".join(
        data.draw(st.sampled_from(["", "", "", *UNSEEN])) + data.draw(st.sampled_from(forms[char])) for char in text
    )

    assert words_of(text) == words_of(typed)
    assert words_of(text) == words_in(set_apart(typed))
