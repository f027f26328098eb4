"""The words of texts as n-grams take them: contractions apart, emoticons and emojis as words, clauses with their ends.

`encoding/words.py` finds the words of Keras' Tokenizer, which the multi-hot rows keep.
"""

import re
import unicodedata
from functools import cache, lru_cache

from app.encoding.normalization import LOSSLESS, placed, plain
from app.encoding.words import SEPARATORS

Token = tuple[tuple[str, ...], int, int]  # the words of a part of a text, its first character, and one after the last

PLEASED, DISPLEASED = "☺", "☹"  # what emoticons and emojis of either mood are
FULL_STOP, EXCLAMATION, QUESTION = ".", "!", "?"
ENDS = frozenset((FULL_STOP, EXCLAMATION, QUESTION))  # of sentences
LONG = 40  # characters of a word, from which on it is not remembered: clients choose them
PAUSE = ","  # what a comma, a semicolon and a colon are
CONTRAST = "but"  # what comes before it in a sentence is conceded, what comes after it is meant
NEGATIONS = frozenset(
    "not no never nothing nobody none neither nor without hardly barely scarcely nowhere lacks lacking".split()
)

# As one pattern that begins with one of four characters, which is looked for ten times as fast as with any of several.
_EMOTICON = re.compile(
    r"[:;=<](?:[-'^o]{0,2}(?:([)\]])|[(\[])|-?(?<![\w:;=].)(?<![\w:;=].-)(?:([dp])|[/\\|])(?![\w/])|(?<=<)(/?3)(?!\w))",
    re.IGNORECASE,
)
_MARKS = b".,!?"  # that are words of their own, to be left out by whoever does not want them
_SEEN = bytes(
    ord(",") if code in b";:" else ord(" ") if code in SEPARATORS and code not in _MARKS else code
    for code in range(256)
)
_APART_MARKS = tuple((bytes([mark]), b" %c " % mark) for mark in _MARKS)
_TOKEN = re.compile(r"[^\x00-\x20!\"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\x7f]+|[.,;:!?]")  # the same, with places
_REPEATED = re.compile(r"(.)\1{2,}")
_TWICE = re.compile(r"(.)\1+")

# Without their apostrophes; "wont" and "cant" are hardly ever the words that they could be.
_APART = {
    form.replace("'", ""): form
    for form in (
        "don't doesn't didn't isn't wasn't weren't wouldn't shouldn't couldn't hasn't haven't hadn't aren't ain't "
        "can't won't mustn't needn't"
    ).split()
}
_IRREGULAR = {
    "can't": ("can", "not"), "cannot": ("can", "not"), "won't": ("will", "not"), "shan't": ("shall", "not"),
    "ain't": ("is", "not"), "let's": ("let", "us"), "u": ("you",), "ur": ("your",),
}  # fmt: skip
CONTRACTIONS = (
    *_APART, *_APART.values(), *_IRREGULAR, "it's", "that's", "what's", "there's", "he's", "she's", "i'm", "i've",
    "i'd", "i'll", "you're", "you'll", "you've", "we're", "they're", "they've", "who's", "here's", "film's", "movie's",
)  # fmt: skip
_BEFORE_IS = frozenset("it that what there he she who here where how this everything nothing everybody nobody".split())
_ENDINGS = {"re": "are", "ll": "will", "ve": "have", "m": "am"}

# Words of Unicode's names of characters, by which an emoji's mood is told.
_PLEASED_NAMES = re.compile(
    r"\b(?:SMIL\w*|GRINNING|JOY|HEARTS?|KISS\w*|THUMBS UP|CLAPPING|PARTY|STAR-STRUCK|HUGGING|LAUGHING|SAVOURING"
    r"|SUNGLASSES|RAISED HANDS|SPARKLES|OK HAND|TROPHY|FIRE|HUNDRED POINTS|HALO|FLEXED BICEPS|STAR)\b"
)
_DISPLEASED_NAMES = re.compile(
    r"\b(?:CRYING|ANGRY|POUTING|FROWN\w*|DISAPPOINTED|THUMBS DOWN|BROKEN HEART|NAUSEATED|VOMITING|WEARY|TIRED FACE"
    r"|UNAMUSED|CONFOUNDED|PILE OF POO|STEAM|ROLLING EYES|SLEEPING|YAWNING|EXPRESSIONLESS|CONFUSED|PENSIVE|FEARFUL"
    r"|FACE PALM|SYMBOLS OVER MOUTH|WORRIED|PERSEVERING|ANGUISHED|SWEAT|DIZZY FACE|SCREAMING|MIDDLE FINGER)\b"
)
_EMOJI = re.compile("[\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001faff]")


def tokens_in(text: str) -> list[str]:
    """The parts of a text, in lower case: words as they are written, emoticons' moods, and `.`, `,`, `!`, `?`."""
    if not text.isascii():
        text = _EMOJI.sub(_mood, text)
    text = plain(text)
    if ":" in text or ";" in text or "=" in text or "<" in text:
        text = _EMOTICON.sub(_read, text)
    seen = text.encode("utf-8", LOSSLESS).translate(_SEEN)
    for mark, apart in _APART_MARKS:
        seen = seen.replace(mark, apart)
    return seen.decode("utf-8", LOSSLESS).split()


def words_for(token: str) -> tuple[str, ...]:
    """The words that a part of a text stands for; none for one of apostrophes."""
    return _words_for(token) if len(token) < LONG else _words_for.__wrapped__(token)


@lru_cache(maxsize=2**16)
def _words_for(token: str) -> tuple[str, ...]:
    word = token.strip("'")
    if "'" not in word:
        word = _REPEATED.sub(r"\1\1", word)
        word = _APART.get(word, word)
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if "'" not in word:
        return (word,) if word else ()
    if word.endswith("n't"):
        return (word[:-3], "not")
    base, _, ending = word.rpartition("'")
    if ending == "s":  # a genitive otherwise
        return (base, "is") if base in _BEFORE_IS else (base,)
    if ending in _ENDINGS:
        return (base, _ENDINGS[ending])
    return (base,) if ending == "d" else (word,)


def simpler(word: str) -> str:
    """A word that nobody knows, with no letter twice in a row: "looove" has become "loove", which is "love"."""
    return _TWICE.sub(r"\1", word)


def spans_of(text: str) -> list[Token]:
    """The words of a text with their places in code points, those of one part together."""
    source = placed(text, ((_EMOJI, _mood),)).replaced(_EMOTICON, _read)
    starts, ends = source.starts.tolist(), source.ends.tolist()
    places = [(starts[found.start()], ends[found.end() - 1]) for found in _TOKEN.finditer(source.text)]
    return [(words_for(token), *place) for token, place in zip(tokens_in(text), places, strict=True)]


def sentences_of(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end, in code points; none of a text that is a single one."""
    found, first, last = [], None, 0
    for words, start, end in spans_of(text):
        if first is None:
            first = start if words and words[0] not in ENDS and words[0] != PAUSE else None
        last = end
        if first is not None and words and words[0] in ENDS:
            found.append((first, last))
            first = None
    if first is not None:
        found.append((first, last))
    return found if len(found) > 1 else []


def _read(found: re.Match[str]) -> str:
    """The mood of an emoticon."""
    pleased = found[1] or found[2] or found[3] == "3"
    return f" {PLEASED if pleased else DISPLEASED} "


def _mood(found: re.Match[str]) -> str:
    return _mood_of(found[0])


@cache
def _mood_of(emoji: str) -> str:
    name = unicodedata.name(emoji, "")
    if _DISPLEASED_NAMES.search(name):
        return " :( "
    return " :) " if _PLEASED_NAMES.search(name) else " "
