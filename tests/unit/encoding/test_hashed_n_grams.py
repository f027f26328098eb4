"""Hashed n-grams: stable columns, unknown words, weights, and what is kept of them."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.texts import NGrams
from app.encoding.hashed_n_grams import HashedNGramEncoder, fitted
from app.encoding.rows import SparseRows
from app.training.weighing import naive_bayes

TEXTS = ["a good film, not a dull story", "a good film but a dull story!", "not good", "dull, dull film"]


def encoder_of(**features: Any) -> HashedNGramEncoder:
    chosen = NGrams.model_validate({"max_n": 3, "max_features": 2**12, "hashed": True} | features)
    return fitted(chosen, {"text": TEXTS}, ("text",))


def rows_of(encoder: HashedNGramEncoder, *texts: str) -> SparseRows:
    rows = encoder.encode({"text": list(texts)})
    assert isinstance(rows, SparseRows)
    return rows


@pytest.mark.parametrize("weights", ["presence", "tf_idf"])
def test_rows_have_length_one(weights: str) -> None:
    rows = rows_of(encoder_of(weights=weights), *TEXTS).dense()

    assert (4, 2**12 + 1) == rows.shape
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


def test_rare_n_grams_weigh_more_by_tf_idf() -> None:
    encoder = encoder_of(max_n=1)
    row = rows_of(encoder, "dull a").dense()[0]

    dull, a = (row[rows_of(encoder, word).indices[1]] for word in ("dull", "a"))
    assert dull < a, "three of four texts hold the one, two the other"


def test_labels_tell_weights() -> None:
    encoder = encoder_of(max_n=1, weights="naive_bayes")
    assert encoder.scale is None
    weighted = encoder.with_scale(naive_bayes(rows_of(encoder, *TEXTS), np.array([1, 1, 1, 0])))
    assert weighted.scale is not None

    places = {word: rows_of(encoder, word).indices[1] for word in ("a", "dull")}
    assert weighted.scale[places["a"]] > weighted.scale[places["dull"]]
    np.testing.assert_allclose(
        encoder.with_scale(weighted.scale).weighted(rows_of(encoder, *TEXTS)).dense(),
        rows_of(weighted, *TEXTS).dense(),
        rtol=1e-5,
    )


def test_a_word_that_is_not_known_says_nothing() -> None:
    encoder = encoder_of()

    np.testing.assert_array_equal([0], rows_of(encoder, "zyzzyva quokka").indices)
    assert 0 == rows_of(encoder, "zyzzyva quokka").known[0]
    assert 0.5 == rows_of(encoder, "good quokka").known[0]
    assert [("good", rows_of(encoder, "good").indices[1]), ("quokka", 0)] == encoder.tokens({"text": ["good quokka"]})
    assert [None, None] == encoder.words_at([0, 2])


def test_columns_are_the_same_in_every_process() -> None:
    """A model is served by another one than that which trained it."""
    code = (
        "from app.encoding.hashed_n_grams import fitted; from app.domain.texts import NGrams;"
        "print(fitted(NGrams(max_n=3, max_features=4096, hashed=True), {'text': ['a good film'] * 2}, ('text',))"
        ".encode({'text': ['a good film']}).indices.tolist())"
    )
    seen = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)}

    assert {b"[0, 185, 705, 829, 2094, 2579, 2941]\n"} == seen


@pytest.mark.parametrize("columns", [3_000, 2**18 + 2**17])
def test_columns_are_a_power_of_two(columns: int) -> None:
    with pytest.raises(ValidationError, match="power of two up to 262,144"):
        NGrams(max_features=columns, hashed=True)


def test_no_word_is_kept_that_could_be_meant() -> None:
    with pytest.raises(ValidationError, match="not hashed"):
        NGrams(max_features=2**12, hashed=True, spelling=True)


def test_effects_are_shared_by_the_words_of_an_n_gram() -> None:
    encoder = encoder_of(max_n=2)
    _, *columns = rows_of(encoder, "good film").indices.tolist()
    effects = np.zeros(encoder.width)
    effects[columns] = 0.3

    np.testing.assert_allclose(encoder.shares(encoder.ids_of("good film"), effects), [0.45, 0.45])


texts = st.lists(st.sampled_from(["good", "dull", "not", "a", "but", "film", ".", "!", "zzz"]), max_size=14)
ENCODER = encoder_of(negation=True, contrast=True)
AGAIN = HashedNGramEncoder.from_json(json.loads(json.dumps(ENCODER.to_json())))


@given(texts.map(" ".join))
@settings(max_examples=100, deadline=None)
def test_the_columns_that_are_told_are_those_of_the_row(drawn: str) -> None:
    """Also of a word after `not` or before `but`, which has another one there than by itself."""
    told = [column for _, column in ENCODER.tokens({"text": [drawn]})]
    row = rows_of(encoder_of(max_n=1, negation=True, contrast=True), drawn)

    assert sorted({0, *told}) == row.indices.tolist()


@given(st.lists(texts.map(" ".join), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_row_of_its_own_and_survives_json(drawn: list[str]) -> None:
    together, again = rows_of(ENCODER, *drawn), rows_of(AGAIN, *drawn)

    np.testing.assert_array_equal(together.dense(), again.dense())
    for row, text in enumerate(drawn):
        alone = rows_of(ENCODER, text)
        np.testing.assert_array_equal(alone.dense()[0], together.take(np.array([row])).dense()[0])
        assert max(ENCODER.ids_of(text).tolist() or [0]) < ENCODER.words


def test_weights_of_another_width_are_none() -> None:
    saved = ENCODER.to_json()

    with pytest.raises(ValueError, match="weights for 4097 columns"):
        HashedNGramEncoder.from_json(saved | {"scale": [1.0]})
    with pytest.raises(ValueError, match="later release"):
        HashedNGramEncoder.from_json(saved | {"version": 99})
