"""Texts as word ids, tokenised as Keras' published sets were."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.texts import MultiHot
from app.domain.word_ids import FIRST_WORD, START, UNKNOWN
from app.encoding.multi_hot import MANY, TextEncoder, known_words
from app.encoding.rows import SparseRows
from app.encoding.words import WordTable, set_apart, spans_of, words_in, words_of
from app.errors import Refusal
from tests.support.tasks import TASKS

KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'  # keras.preprocessing.text.Tokenizer, default `filters`


def keras_words(text: str) -> list[str]:
    """`keras.preprocessing.text.text_to_word_sequence`, as Keras 2 had it."""
    text = text.lower().translate({ord(c): " " for c in KERAS_FILTERS})
    return [word for word in text.split(" ") if word]


def fitted(texts: list[str], words: int = 10_000) -> TextEncoder:
    return TextEncoder.fit(MultiHot(words=words), {"text": texts}, ("text",))


def encoded(encoder: TextEncoder, *texts: str) -> SparseRows:
    rows = encoder.encode({"text": list(texts)})
    assert isinstance(rows, SparseRows)
    return rows


def ids_of(encoder: TextEncoder, text: str) -> list[int]:
    return [int(number) for number in encoded(encoder, text).indices]


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="<&`") | st.sampled_from("\t\n")))
def test_words_are_those_of_keras(text: str) -> None:
    assert keras_words(text) == words_of(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A Wonderful FILM", ["a", "wonderful", "film"]),
        ("don't can't o'clock", ["don't", "can't", "o'clock"]),
        ("'quoted'", ["'quoted'"]),
        ("one,two;three:four.five", ["one", "two", "three", "four", "five"]),
        ("1,000 mln dlrs 15.8", ["1", "000", "mln", "dlrs", "15", "8"]),
        ("tab\there\nand  there", ["tab", "here", "and", "there"]),
        ("naïve Ünal ΣΊΣΥΦΟΣ", ["naïve", "ünal", "σίσυφος"]),
        ('$5 - "straight"', ["5", "straight"]),
        ("£5 – “curly”", ["5", "curly"]),
        ("?!...", []),
        ("", []),
    ],
)
def test_words_are_lower_case_without_punctuation(text: str, words: list[str]) -> None:
    assert words == words_of(text)


@pytest.mark.parametrize("character", KERAS_FILTERS.replace("`", ""))
def test_every_filtered_character_separates_words(character: str) -> None:
    assert ["left", "right"] == words_of(f"left{character}right")


@pytest.mark.parametrize("tag", ["<br />", "<br/>", "<br>", "<BR />", "<Br\t/>", "<br  />"])
def test_line_breaks_of_reviews_are_dropped(tag: str) -> None:
    """They are not the word "br"."""
    assert ["end", "start"] == words_of(f"end.{tag}{tag}Start")


def test_other_tags_are_dropped_where_one_is_closed() -> None:
    """Newswires name companies so: <P> is Phillips Petroleum's sign, and never closed."""
    assert ["loved", "a", "b", "brr"] == words_of("<i>loved</i> a<b <brr>")
    assert ["one", "two"] == words_of('<p class="review">One</p><P>two')
    assert ["phillips", "p", "and", "i"] == words_of("Phillips <P> and <I>")


# What was typed, what it says, and where in the first each word of the second stands.
TYPED = [
    ("Wasn’t funny.", ["wasn't", "funny"], ["Wasn’t", "funny"]),
    ("I&#39;m not &quot;at all&quot;", ["i'm", "not", "at", "all"], ["I&#39;m", "not", "at", "all"]),
    ("I&amp;#39;m &amp;amp;quot;in&amp;nbsp;it", ["i'm", "in", "it"], ["I&amp;#39;m", "in", "it"]),
    ("AT&T &c; R&D; &", ["at", "t", "c", "r", "d"], ["AT", "T", "c", "R", "D"]),
    ("caf&eacute; cafe\u0301 café", ["café", "café", "café"], ["caf&eacute;", "cafe\u0301", "café"]),
    ("fan\u00adtas\u200btic\u00ad, \ufeffso", ["fantastic", "so"], ["fan\u00adtas\u200btic", "so"]),
    ("e\u0301te\u00ad\u0301", ["été"], ["e\u0301te\u00ad\u0301"]),
    ("good—bad…well\u2011made", ["good", "bad", "well", "made"], ["good", "bad", "well", "made"]),
    ("ｇｏｏｄ　ﬁlm 𝐛𝐚𝐝", ["good", "film", "bad"], ["ｇｏｏｄ", "ﬁlm", "𝐛𝐚𝐝"]),
    ("don`t `quote'", ["don't", "quote'"], ["don`t", "quote'"]),
    ("it\x92s \x93so\x94\x97", ["it's", "so"], ["it\x92s", "so"]),
    ("loved it😍👍🏽!", ["loved", "it"], ["loved", "it"]),
    ("end.<BR/>Start &lt;br /&gt; <b>here</b>", ["end", "start", "here"], ["end", "Start", "here"]),
    (
        "i =\u0f71&#769;\u0338&gt;\u0f72\u0338",
        ["i", "\u0f71\u0301", "\u0f72"],
        ["i", "=\u0f71&#769;\u0338", "&gt;\u0f72\u0338"],
    ),
    ("half\ud83d a\x00b", ["half\ud83d", "a", "b"], ["half\ud83d", "a", "b"]),
    ("İstanbul ΣΊΣΥΦΟΣ", ["i\u0307stanbul", "σίσυφος"], ["İstanbul", "ΣΊΣΥΦΟΣ"]),
    ("&#0;&#xD800;&#x110000;&#99999999;", ["99999999"], ["99999999"]),
]


@pytest.mark.parametrize(("text", "words", "places"), TYPED, ids=lambda part: ascii(part)[:24])
def test_a_text_says_the_same_however_it_was_typed(text: str, words: list[str], places: list[str]) -> None:
    """One text alone, in a batch, and word by word with its places."""
    assert words == words_of(text)
    assert words == words_in(set_apart(text))
    spans = spans_of(text)
    assert words == [word for word, _, _ in spans]
    assert places == [text[start:end] for _, start, end in spans]


def test_marks_piled_up_are_cut() -> None:
    """To sort them, as NFC does, would take half a minute."""
    zalgo = "a" + "\u0301\u0327" * 25_000 + " film"

    assert ["film"] == words_of(zalgo)[1:]
    assert words_of(zalgo)[:1] == words_of("a" + "\u0301\u0327" * 15)
    assert zalgo.index("film") == spans_of(zalgo)[1][1]


def test_ids_start_after_the_reserved_ones() -> None:
    encoder = fitted(["best best best film film dull"])

    assert {"best": 4, "film": 5, "dull": 6} == encoder.ids


def test_start_is_always_set_and_unknown_only_when_needed() -> None:
    encoder = fitted(["good film"])

    assert [START, 4, 5] == ids_of(encoder, "good film")
    assert [START, UNKNOWN, 4] == ids_of(encoder, "good grief")
    assert [START, UNKNOWN] == ids_of(encoder, "grief")
    assert [START] == ids_of(encoder, "")


def test_ids_are_ascending_without_repeats() -> None:
    encoder = fitted(["a a a b b c"])

    assert [START, UNKNOWN, 4, 5, 6] == ids_of(encoder, "c b x a c x a")


def test_known_words_is_the_share_of_words_with_their_repeats() -> None:
    encoder = fitted(["good film"])
    texts = ["good film", "good good good grief", "alas", "one two good"]

    assert [1.0, 0.75, 0.0, 0.3333] == known_words(encoded(encoder, *texts))


def test_the_vocabulary_is_the_most_frequent_words() -> None:
    """Of N ids four are reserved."""
    texts = ["e e e e e d d d d", "c c c b b a"]

    assert ["e", "d", "c"] == fitted(texts, words=7).vocabulary
    assert ["e"] == fitted(texts, words=5).vocabulary
    assert ["e", "d", "c", "b", "a"] == fitted(texts, words=100).vocabulary


@pytest.mark.parametrize("words", [6, 7, 100])
def test_ties_go_to_the_word_that_was_seen_first(words: int) -> None:
    texts = ["zebra yak", "ant zebra yak", "ant emu"]

    assert ["zebra", "yak", "ant", "emu"][: words - FIRST_WORD] == fitted(texts, words).vocabulary


def test_only_the_training_split_is_counted() -> None:
    task = TASKS.get("sentiment")
    encoder = task.fit_encoder(MultiHot(words=100), {"text": ["good film"]})

    assert isinstance(encoder, TextEncoder)
    assert ["good", "film"] == encoder.vocabulary


def test_a_row_is_as_wide_as_the_ids_even_with_fewer_words() -> None:
    encoder = fitted(["good film"], words=50)

    assert 50 == encoder.width
    assert (1, 50) == encoded(encoder, "good").dense().shape


def test_a_vocabulary_larger_than_its_ids_is_refused() -> None:
    with pytest.raises(ValueError, match="2 words do not fit below id 5"):
        TextEncoder(["good", "film"], 5, ("text",))


def test_several_columns_are_one_text_in_their_order() -> None:
    """The order of the columns decides ties."""
    columns: dict[str, Any] = {"title": ["OIL UP"], "text": ["up again"]}
    encoder = TextEncoder.fit(MultiHot(words=100), columns, ("title", "text"))

    assert ["up", "oil", "again"] == encoder.vocabulary
    rows = encoder.encode(columns)
    assert isinstance(rows, SparseRows)
    assert [START, 4, 5, 6] == rows.indices.tolist()


def test_the_saved_form_says_which_ids_are_reserved() -> None:
    saved = json.loads(json.dumps(fitted(["good film"], words=50).to_json()))

    assert {
        "kind": "multi_hot",
        "words": 50,
        "fields": ["text"],
        "normalization": 2,
        "ranks": "counted",
        "reserved": {"padding": 0, "start": 1, "unknown": 2, "first_word": 4},
        "vocabulary": ["good", "film"],
    } == saved


def test_a_vocabulary_of_the_former_normalisation_is_read() -> None:
    saved = {"kind": "multi_hot", "words": 50, "fields": ["text"], "vocabulary": ["don't", "don’t", "film"]}

    encoder = TextEncoder.from_json(saved)

    assert [START, 4, 6] == ids_of(encoder, "Don’t film")
    assert ["don't", "don’t"] == encoder.words_at([4, 5]), "ids stay as they were"


def test_a_vocabulary_of_a_later_release_is_not() -> None:
    saved = fitted(["good film"]).to_json()

    with pytest.raises(ValueError, match="normalization 3 is of a later release"):
        TextEncoder.from_json({**saved, "normalization": 3})


def test_rows_published_as_ids_keep_them() -> None:
    """Also the ids of words that no text is split into, which Keras' index has."""
    index = ["the", "\x96", "great", "a b", "film", "dull"]
    encoder = TASKS.get("sentiment").index_encoder(MultiHot(words=9), index)

    assert isinstance(encoder, TextEncoder)
    assert [None, "the", "\x96", "great", "a b", "film"] == encoder.words_at([1, 4, 5, 6, 7, 8])
    for texts in (["The great film \x96 dull"], ["The great film – dull"] * MANY):
        assert {START, UNKNOWN, 4, 6, 8} == set(encoded(encoder, *texts).indices.tolist())
    again = TextEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert ("published", encoder.ids) == (again.to_json()["ranks"], again.ids)


@pytest.mark.parametrize("name", ["sentiment", "newswire"])
@pytest.mark.parametrize(
    "text", ["?!", "...", "<br />", "-- * --", "— “…” —", "&nbsp;&quot;", "\u200b\ufeff", "👍", " \x1f ", "\t.\n"]
)
def test_texts_of_only_punctuation_are_refused(name: str, text: str) -> None:
    """There is nothing to judge, and the client learns which row it was."""
    task = TASKS.get(name)
    encoder = TextEncoder(["good"], 10, task.input_columns)
    columns = {"text": ["good", text, "grief"], "title": [None, None, None]}

    assert [Refusal(1, "text", "holds no words, only punctuation")] == task.refusals(encoder.encode(columns), columns)


def test_a_headline_alone_is_enough() -> None:
    task = TASKS.get("newswire")
    columns = {"text": ["..."], "title": ["OIL UP"]}
    rows = TextEncoder(["oil"], 10, task.input_columns).encode(columns)

    assert [] == task.refusals(rows, columns)


def warned(text: str | None, title: str | None) -> list[tuple[str, str]]:
    """What a vocabulary of oil and up says of a story, by field."""
    task = TASKS.get("newswire")
    encoder = TextEncoder(["oil", "up"], 10, task.input_columns)
    columns = {"text": [text], "title": [title]}
    found = task.warnings(encoder, encoder.encode(columns), columns).get(0, [])
    return [(warning.field, warning.message) for warning in found]


@pytest.mark.parametrize(
    ("text", "title", "shares"),
    [
        ("zyx zyx oil", None, {"text": 33}),
        ("oil up oil", "zyx zyx zyx zyx", {"title": 0}),
        (None, "zyx", {"title": 0}),
        ("oil zyx zyx", "zyx", {"title": 0, "text": 33}),
        ("...", "zyx", {"title": 0}),
        ("oil zyx", "zyx zyx oil", {"title": 33}),  # half of the story is known: enough
        ("oil up", "zyx", {}),  # two thirds of all
    ],
)
def test_the_text_of_unknown_words_is_named(text: str | None, title: str | None, shares: dict[str, int]) -> None:
    """With the share of its own words, where those of all texts together are few."""
    told = [(name, f"the vocabulary holds only {share}% of its words") for name, share in shares.items()]

    assert told == warned(text, title)


@pytest.mark.parametrize(
    ("text", "title", "fields"), [("?!", "...", ["title", "text"]), (None, "...", ["title"]), (None, None, ["text"])]
)
def test_every_text_without_words_is_named(text: str | None, title: str | None, fields: list[str]) -> None:
    task = TASKS.get("newswire")
    columns = {"text": [text], "title": [title]}
    refusals = task.refusals(TextEncoder(["oil"], 10, task.input_columns).encode(columns), columns)

    assert fields == [refusal.field for refusal in refusals]


def test_words_with_the_same_hash_keep_their_own_ids() -> None:
    """Of such a vocabulary no table is made: these two words have the same polynomial in any odd base, modulo 2 ** 64.

    They are the sequence of Thue and Morse and its opposite, which somebody could put into a dataset.
    """
    number = [place.bit_count() % 2 for place in range(2048)]
    first, second = ("".join("ab"[bit ^ turned] for bit in number) for turned in (0, 1))
    encoder = fitted([first, second, "plain"])
    with pytest.raises(ValueError, match="the same hash"):
        WordTable([first.encode(), second.encode()], [4, 5], UNKNOWN)

    texts = [first, second, "plain", "unknown"] * MANY
    together = encoded(encoder, *texts)

    for row, text in enumerate(texts):
        assert ids_of(encoder, text) == together.take(np.array([row])).indices.tolist()
    assert 4 == len({tuple(ids_of(encoder, text)) for text in texts})
