"""Misspelt words and what they are read as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.texts import NGrams
from app.encoding import spelling
from app.encoding.choosing import fitted
from app.encoding.n_grams import NGramEncoder
from app.encoding.spelling import SHORTEST, Speller, is_one_edit

LETTERS = "abcé"
words = st.text(LETTERS, min_size=1, max_size=8)


def neighbours(word: str, letters: str) -> set[str]:
    """All that is one edit away from a word, as Damerau lists the edits."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    fewer = {start + rest[1:] for start, rest in cuts if rest}
    turned = {start + rest[1] + rest[0] + rest[2:] for start, rest in cuts if len(rest) > 1}
    other = {start + letter + rest[1:] for start, rest in cuts if rest for letter in letters}
    more = {start + letter + rest for start, rest in cuts for letter in letters}
    return (fewer | turned | other | more) - {word}


@given(words, words)
def test_an_edit_is_one_of_four(word: str, other: str) -> None:
    if word != other:
        assert (other in neighbours(word, LETTERS)) == is_one_edit(word, other)


@given(st.lists(words, unique=True, max_size=60), words)
def test_the_most_frequent_neighbour_is_found(known: list[str], word: str) -> None:
    """As by trying all that could be meant."""
    near = neighbours(word, LETTERS)
    places = [n for n, each in enumerate(known) if each in near and each[0] == word[0] and len(each) >= SHORTEST - 1]
    expected = places[0] if places and len(word) >= SHORTEST and word not in known else None

    if word not in known:
        assert expected == Speller(known).find(word)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("recieve", "receive"),
        ("definately", "definitely"),
        ("wonderfull", "wonderful"),
        ("terible", "terrible"),
        ("receeeive", None),
        ("x2receive", None),
        ("eceive", None),
        ("goof", None),
    ],
)
def test_what_is_misspelt_is_read_as_it_was_meant(word: str, meant: str | None) -> None:
    known = ["good", "receive", "definitely", "wonderful", "terrible"]
    place = Speller(known).find(word)

    assert meant == (None if place is None else known[place])


def encoder_of(*, spelling: bool = False) -> NGramEncoder:
    texts = ["a wonderful film", "a wonderful story", "a terrible film", "a terrible story"]
    return fitted(NGrams(max_n=2, weights="presence", spelling=spelling), {"text": texts}, ("text",))


def test_a_text_is_seen_as_it_was_meant() -> None:
    encoder = encoder_of(spelling=True)

    meant, written, plain = ("a wonderful film", "a wonderfil film", "a wodnerful film!")
    assert encoder.ids_of(meant).tolist() == encoder.ids_of(written).tolist() == encoder.ids_of(plain).tolist()[:3]
    assert encoder.tokens({"text": [written]}) == [
        ("a", encoder.ids["a"]), ("wonderfil", encoder.ids["wonderful"]), ("film", encoder.ids["film"]),
    ]  # fmt: skip
    assert 2 == encoder_of().ids_of(written).tolist()[1], "only where that is asked for"
    again = NGramEncoder.from_json(encoder.to_json())
    assert encoder.ids_of(written).tolist() == again.ids_of(written).tolist()


def test_a_word_longer_than_all_is_not_taken_to_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of n letters there are n pieces of as many: a text without a space would take seconds."""
    speller = Speller(["wonderful", "dull"])
    monkeypatch.setattr(spelling, "_parts", lambda _: pytest.fail("it was"))

    assert speller.find("w" * 100_000) is None
