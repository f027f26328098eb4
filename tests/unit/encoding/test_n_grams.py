"""Texts as weighted n-grams: the words that they are made of, their weights, and what is kept of them."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.texts import NGrams
from app.encoding import tokens
from app.encoding.choosing import fitted
from app.encoding.n_grams import NGramEncoder, sentences
from app.encoding.rows import SparseRows
from app.training.weighing import naive_bayes

TEXTS = [
    "not a good film, good story",
    "a good film",
    "never a dull moment: good!",
    "a dull film. not good at all",
    "a dull, dull story!",
]


def encoder_of(texts: list[str] = TEXTS, **features: Any) -> NGramEncoder:
    return fitted(NGrams(**features), {"text": texts}, ("text",))


def rows_of(encoder: NGramEncoder, *texts: str) -> SparseRows:
    rows = encoder.encode({"text": list(texts)})
    assert isinstance(rows, SparseRows)
    return rows


def words_in(text: str) -> list[str]:
    return [word for token in tokens.tokens_in(text) for word in tokens.words_for(token)]


def n_grams(encoder: NGramEncoder) -> dict[str, int]:
    """The n-grams in use with their columns; a negated word in capitals."""
    found = {}
    for keys, first in zip(encoder.table.keys, encoder.table.firsts, strict=True):
        for place, key in enumerate(keys.tolist()):
            units = [unit for shift in (40, 20, 0) if (unit := key >> shift & 2**20 - 1)]
            words = [encoder.vocabulary[unit // 2 - 4] for unit in units]
            shown = [word.upper() if unit % 2 else word for word, unit in zip(words, units, strict=True)]
            found[" ".join(shown)] = first + place
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It isn't good", "it is not good"),
        ("isnt it? WON'T, can't, cannot; I’ll", "is not it ? will not , can not , can not , i will"),
        ("the film's plot, what's more", "the film plot , what is more"),
        ("soooo goooood", "soo good"),
        ("great :) bad :-( ;) =D :/ <3", "great ☺ bad ☹ ☺ ☺ ☹ ☺"),
        ("👍 fine 😭 👎🏽 ❤️", "☺ fine ☹ ☹ ☺"),
        ("a ratio of 4:3, see http://x (1998)", "a ratio of 4 , 3 , see http , x 1998"),
        ("'quoted' rock'n'roll '", "quoted rock'n'roll"),
        ("<b>bold</b> &amp; plain", "bold plain"),
    ],
)
def test_words(text: str, words: str) -> None:
    assert words.split() == words_in(text)


@given(
    st.text(st.characters(), max_size=60)
    | st.lists(st.sampled_from(["don't", ":)", "a", "<br />", "😀", "!", "İ"])).map(" ".join)
)
@settings(max_examples=300, deadline=None)
def test_spans_say_the_same_words_and_lie_in_the_text(text: str) -> None:
    spans = tokens.spans_of(text)

    assert words_in(text) == [word for words, _, _ in spans for word in words]
    ends = [0]
    for _, start, end in spans:
        assert 0 <= start < end <= len(text)
        assert start >= ends[-1] - 1, "a mark may share its place with the blank before it"
        ends.append(end)


def test_a_word_that_nobody_knows_is_tried_without_repeats() -> None:
    encoder = encoder_of(max_n=1)

    assert [encoder.ids["good"], encoder.ids["story"], 2] == encoder.ids_for(
        (*tokens.words_for("gooood"), "stoory", "zzz")
    )


def test_rows_have_length_one_and_a_placeholder() -> None:
    rows = rows_of(encoder_of(max_n=2), *TEXTS, "zzz")

    matrix = rows.dense()
    np.testing.assert_allclose(np.square(matrix[:-1]).sum(axis=1), 1, rtol=1e-5)
    assert not matrix[:, 0].any(), "the placeholder says nothing"
    assert not matrix[-1].any()
    assert 0 == rows.known[-1]
    assert rows.words is not None
    assert [6, 3, 5, 7, 4, 1] == rows.words.tolist(), "marks are no words"


def test_negated_words_are_others_until_the_clause_ends() -> None:
    found = n_grams(encoder_of(["not a good film, good story"] * 2, max_n=1, negation=True))

    assert {"not", "A", "GOOD", "FILM", "good", "story"} == set(found)


def test_words_before_but_are_others() -> None:
    texts = ["a good film. not dull, but good, but long!"] * 2
    encoder = encoder_of(texts, max_n=1, negation=True, contrast=True)
    seen = encoder.keys_of(encoder.ids_of(texts[0]))[0].tolist()
    words = [(encoder.vocabulary[unit // 4 - 4], bool(unit & 1), bool(unit & 2)) for unit in seen]

    assert words == [
        ("a", False, False), ("good", False, False), ("film", False, False), ("not", False, True), ("dull", True, True),
        ("but", False, True), ("good", False, True), ("but", False, False), ("long", False, False), ("!", False, False),
    ]  # fmt: skip
    assert encoder.table.columns(encoder.keys_of(encoder.ids_of(texts[0]))[0]).min() > 0
    again = NGramEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    np.testing.assert_array_equal(rows_of(encoder, texts[0]).indices, rows_of(again, texts[0]).indices)


def test_the_most_frequent_n_grams_are_in_use() -> None:
    encoder = encoder_of(max_n=2, max_features=12)

    found = n_grams(encoder)
    assert 12 >= len(found) == encoder.width - 1
    assert {"good", "a", "dull", "film", "a dull", "a good"} <= set(found)
    assert "moment" not in found, "in one text only"
    assert sorted(found.values()) == list(range(1, encoder.width))


def test_tf_idf_is_that_of_the_books() -> None:
    encoder = encoder_of(max_n=1, weights="tf_idf")
    column = n_grams(encoder)

    row = rows_of(encoder, "dull dull good").dense()[0]
    inverse = {"dull": math.log(6 / 4) + 1, "good": math.log(6 / 5) + 1}
    values = np.array([(1 + math.log(2)) * inverse["dull"], inverse["good"]])
    np.testing.assert_allclose(row[[column["dull"], column["good"]]], values / np.linalg.norm(values), rtol=1e-3)


def test_naive_bayes_weighs_what_tells_labels_apart() -> None:
    open_ = encoder_of(max_n=1, weights="naive_bayes")
    assert open_.scale is None
    column = n_grams(open_)

    scale = naive_bayes(rows_of(open_, *TEXTS), np.array([1, 1, 1, 0, 0]))
    # "dull": one of three texts with label 1, both of those with label 0.
    assert scale[column["dull"]] == pytest.approx(abs(math.log(2.2 / 5.4) - math.log(2.8 / 3.6)), rel=1e-6)
    several = naive_bayes(rows_of(open_, *TEXTS), np.array([[0, 1], [0, 1], [0, 1], [1, 0], [1, 0]], dtype=np.float32))
    np.testing.assert_allclose(scale, several, rtol=1e-6)
    weighted = open_.with_scale(scale)
    np.testing.assert_allclose(
        weighted.weighted(rows_of(open_, *TEXTS)).dense(), rows_of(weighted, *TEXTS).dense(), rtol=1e-5
    )


def test_what_is_kept_gives_the_same_rows() -> None:
    for features in ({"max_n": 3, "negation": True}, {"max_n": 1, "weights": "presence"}):
        encoder = encoder_of(**features)
        again = NGramEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
        np.testing.assert_array_equal(rows_of(encoder, *TEXTS).dense(), rows_of(again, *TEXTS).dense())
    saved = encoder.to_json()
    with pytest.raises(ValueError, match="later release"):
        NGramEncoder.from_json(saved | {"version": 99})
    with pytest.raises(ValueError, match="weights for"):
        NGramEncoder.from_json(saved | {"scale": saved["scale"][:-1]})


def test_sentences_of_a_text_that_has_several() -> None:
    encoder = encoder_of(["this is a good film. not that one! is it"] * 2, max_n=1)
    ids = encoder.ids_of("This is a good film. Not that one!!! is it a good film is it")

    parts = [" ".join(word or "" for word in encoder.words_at(part.tolist())) for part in sentences(ids)]
    assert ["this is a good film .", "is it a good film is it"] == parts, "those of four words at least"
    assert [] == sentences(encoder.ids_of("this is a good film."))
    rows, owners = encoder.pieces({"text": ["a. b", "this is a good film. is it a good film"]}, 10, 0)
    assert [1, 1] == owners.tolist()
    assert 2 == len(rows)
    drawn, _ = encoder.pieces({"text": ["this is a good film. is it a good film"] * 9}, 5, 0)
    assert 5 == len(drawn)


def test_effects_are_shared_by_the_words_of_an_n_gram() -> None:
    encoder = encoder_of(max_n=2)
    column = n_grams(encoder)
    ids = encoder.ids_of("a good film")
    effects = np.zeros(encoder.width)
    effects[[column["good"], column["a good"]]] = 0.5, 0.2

    np.testing.assert_allclose(encoder.shares(ids, effects), [0.1, 0.6, 0])
    twice = encoder.shares(encoder.ids_of("good good"), effects)
    np.testing.assert_allclose(twice, [0.25, 0.25])


texts = st.lists(
    st.sampled_from(["good", "dull", "not", "a", "but", "film", ".", "!", "don't", ":)", "zzz"]), max_size=14
)


@given(st.lists(texts.map(" ".join), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_row_of_its_own(drawn: list[str]) -> None:
    encoder = ENCODER
    together = rows_of(encoder, *drawn)

    for row, text in enumerate(drawn):
        alone = rows_of(encoder, text)
        np.testing.assert_array_equal(alone.dense()[0], together.take(np.array([row])).dense()[0])
        assert (np.diff(alone.indices) > 0).all()
        assert 0 == alone.indices[0]
        assert max(encoder.ids_of(text).tolist() or [0]) < encoder.words


ENCODER = encoder_of(
    [*TEXTS, "good but dull", "good, but not a film"], max_n=3, negation=True, contrast=True, spelling=True
)
