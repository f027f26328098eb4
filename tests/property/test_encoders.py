"""Encoders on anything that a client may send."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.recipes import MultiHot, Standardized
from app.tasks import registry
from app.tasks._rows import SparseRows
from app.tasks._text import START, UNKNOWN, TextEncoder, known_words, words_of
from app.tasks.housing import FEATURES, Standardizer

# Texts of known and unknown words, tags and punctuation, and texts of anything at all.
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
        assert [0] == [refusal.row for refusal in registry.get("sentiment").refusals(row)]


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
    columns = {name: [row[place] for row in rows] for place, name in enumerate(FEATURES)}
    encoder = registry.get("housing").fit_encoder(Standardized(), columns)
    assert isinstance(encoder, Standardizer)
    encoded = encoder.encode(columns)
    assert isinstance(encoded, np.ndarray)

    assert np.isfinite(encoded).all()
    tolerance = 1e-6 * (np.abs(encoder.mean) + encoder.std * len(rows))
    error = np.abs(encoded.astype(np.float64) * encoder.std + encoder.mean - np.array(rows))
    assert (error <= tolerance + 1e-9).all()


@given(st.lists(st.integers(0, 255), min_size=784, max_size=784))
@settings(max_examples=30, deadline=None)
def test_any_picture_becomes_shares_of_one(pixels: list[int]) -> None:
    digits = registry.get("digits")
    encoded = digits.fit_encoder(digits.presets["baseline"].recipe.features, {}).encode({"pixels": [pixels]})
    assert isinstance(encoded, np.ndarray)

    assert (1, 784) == encoded.shape
    np.testing.assert_allclose(np.array(pixels) / 255, encoded[0], rtol=1e-6)
