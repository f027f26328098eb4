"""Plain text: what a text says, however it was typed, so that training and serving see the same words.

HTML entities are what they stand for, and tags are no words. Letters are composed (Unicode's NFC); full-width letters,
those of mathematical fonts and ligatures are the letters they show. Every kind of apostrophe is the one of ASCII; all
other punctuation and symbols separate words, as all of ASCII's do. What is not to be seen (soft hyphens, zero-width
spaces and joiners, byte order marks) is not there.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from html.entities import html5
from itertools import chain, starmap

import numpy as np
from numpy.typing import NDArray

VERSION = 2  # of these rules; raise it when a text gets other words. The first version knew of `<br />` alone

LOSSLESS = "surrogatepass"  # a text may hold half a character
_ASCII = bytes(range(128))
_APOSTROPHES = "´`ʹʻʼʽʾʿˈˊˋ՚׳ߴߵ᾽᾿῾‘’‛′‵Ꞌꞌ＇｀"
# Unicode's format characters, and its variation selectors.
_UNSEEN = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f"  # that join with a letter
# Where Unicode has its punctuation, its symbols, and letters in other forms.
_BLOCKS = ((0x80, 0x3400), (0xA000, 0xAC00), (0xFB00, 0x10000), (0x1D000, 0x1D800), (0x1F000, 0x1FC00))
_OTHER_FORMS = ("<wide>", "<narrow>", "<font>")  # as its compatibility mappings name them
_LIGATURES = range(0xFB00, 0xFB07)  # the Latin ones
_SEPARATING = "Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So Zl Zp Zs Cc".split()  # its categories of punctuation, symbols, blanks
_MANY = 16  # different characters from which on one pass through a text is faster than one for each

_TAGS = frozenset(
    "a abbr address article b big blockquote body br center cite code dd del div dl dt em figcaption figure font "
    "footer h1 h2 h3 h4 h5 h6 head header hr html i img ins kbd label li main mark nav ol p pre q s samp section "
    "small span strike strong sub sup table tbody td th thead title tr tt u ul var".split()
)
# Line breaks are no words; other tags neither where one is closed, since <P> and <I> alone are companies in newswires.
_LINE_BREAK = re.compile(r"<br(?:\s*/?>|\s[^<>]*>)", re.IGNORECASE)
_TAG = re.compile(r"</?([a-z][a-z0-9]{0,9})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_AMPERSAND = "(?:amp|#0{0,4}38|#[xX]0{0,4}26);"
# Escaped any number of times.
_ENTITY = re.compile(f"&((?:{_AMPERSAND})*)(#[0-9]{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,31}});")
_HIDDEN = re.compile(f"[{_UNSEEN}]+")
# Piled marks: to sort them, as NFC does, takes the square of their number. Unicode's Stream-Safe Text has 30 at most.
_PILE = re.compile(r"([^\w\x00-\x7f]{30})[^\w\x00-\x7f]+")
_BACKTICK = re.compile(r"(?<=[^\W_])`(?=[^\W_])")  # as in "don`t"; elsewhere it separates

Replacement = Callable[[re.Match[str]], str]
Places = NDArray[np.int64]


def plain(text: str) -> str:
    """A text in lower case whose words are separated by ASCII's punctuation, white space and control characters."""
    return lowered(text if is_plain(text) else _spelt_out(text))


def lowered(text: str) -> str:
    """A text in lower case, composed: some letters have a composed form in lower case only."""
    text = text.lower()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_plain(text: str) -> bool:
    """Whether there is nothing to do but to put it in lower case."""
    return text.isascii() and "<" not in text and "&" not in text and "`" not in text


def _spelt_out(text: str) -> str:
    text = _in_ascii(text)
    if "&" in text:
        text = _in_ascii(_ENTITY.sub(_entity, text))
    if "<" in text:
        text = _LINE_BREAK.sub(" ", text)
        if "<" in text and "</" in text:  # one character is found ten times as fast as two
            text = _TAG.sub(_tag, text)
    return _BACKTICK.sub("'", text) if "`" in text else text


def _in_ascii(text: str) -> str:
    if text.isascii():
        return text
    for pattern, replacement in _hindrances(text):
        text = pattern.sub(replacement, text)
    return _composed(text)


@dataclass(frozen=True)
class Placed:
    """A text, and from where to where in the text as it was sent each of its characters comes, (characters,) each."""

    text: str
    starts: Places
    ends: Places

    def replaced(self, pattern: re.Pattern[str], replacement: Replacement) -> "Placed":
        """As `pattern.sub`; what comes in comes from all of what it replaces."""
        matches = list(pattern.finditer(self.text))
        if not matches:
            return self
        new = [replacement(found) for found in matches]
        starts, ends = (np.array([place(found) for found in matches]) for place in (re.Match.start, re.Match.end))
        # How often each character's places are taken: of what is replaced, the first's for all that comes in.
        within = np.zeros(len(self.text) + 1, dtype=np.int64)
        within[starts] += 1
        within[ends] -= 1
        times = 1 - within.cumsum()[:-1]
        times[starts] = [len(part) for part in new]
        last = self.ends.copy()
        last[starts] = self.ends[ends - 1]
        parts = iter(new)
        text = pattern.sub(lambda _: next(parts), self.text)
        return Placed(text, self.starts.repeat(times), last.repeat(times))


def placed(text: str, first: Sequence[tuple[re.Pattern[str], Replacement]] = ()) -> Placed:
    """What `plain` makes of a text after some replacements, before it is put in lower case, with its places."""
    places = np.arange(len(text) + 1)
    found = Placed(text, places[:-1], places[1:])
    for rule in first:
        found = found.replaced(*rule)
    found = _placed_in_ascii(found)
    if "&" in found.text:
        found = _placed_in_ascii(found.replaced(_ENTITY, _entity))
    # The rest moves nothing.
    text = _LINE_BREAK.sub(lambda tag: " " * len(tag[0]), found.text)
    if "</" in text:
        text = _TAG.sub(_tag, text)
    return replace(found, text=_BACKTICK.sub("'", text))


def _placed_in_ascii(found: Placed) -> Placed:
    if found.text.isascii():
        return found
    for rule in _hindrances(found.text):
        found = found.replaced(*rule)
    # A letter with its marks at a time, which is how far composing goes; then the others, most of which stay one.
    found = found.replaced(_cluster(), lambda cluster: _composed_cluster(cluster[0]))
    shown = {ord(char): _composed(char) for char in _odd(found.text)}
    several = [chr(code) for code, letters in shown.items() if len(letters) != 1]
    if several:
        found = found.replaced(re.compile("|".join(several)), lambda char: shown[ord(char[0])])
    return replace(found, text=found.text.translate(shown))


def _tag(found: re.Match[str]) -> str:
    """As many blanks, if HTML knows the tag."""
    return " " * len(found[0]) if found[1].lower() in _TAGS else found[0]


def _entity(found: re.Match[str]) -> str:
    """The character; a name that HTML does not know stays as it is."""
    name = f"{found[2]};"
    if name[0] != "#" and name not in html5:
        return f"&{name}" if found[1] else found[0]
    return _character(name)


@lru_cache(maxsize=1_024)
def _character(name: str) -> str:
    return html.unescape(f"&{name}")


def _hindrances(text: str) -> Iterator[tuple[re.Pattern[str], Replacement]]:
    """What stands between a letter and its marks, or makes too much of them."""
    odd = "".join(_odd(text))
    if _HIDDEN.search(odd):
        yield _HIDDEN, lambda _: ""
    if any(map(unicodedata.combining, odd)):
        yield _PILE, lambda found: found[1]


def _odd(text: str) -> set[str]:
    """The characters beyond ASCII; found among the bytes, for a tenth of what a regular expression takes."""
    return set(text.encode("utf-8", LOSSLESS).translate(None, _ASCII).decode("utf-8", LOSSLESS))


@cache
def _cluster() -> re.Pattern[str]:
    """A character and its marks: all that NFC may put into another order are among them, of whatever script."""
    others = "".join(char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(char))
    return re.compile(f".[{_MARKS}{others}]+", re.DOTALL)


@lru_cache(maxsize=1_024)
def _composed_cluster(text: str) -> str:
    return _composed(text)


def _composed(text: str) -> str:
    """Letters composed, and all other characters as ASCII has them."""
    text = unicodedata.normalize("NFC", text)
    changed = [code for code in map(ord, _odd(text)) if code in _IN_ASCII]
    if len(changed) > _MANY:
        return text.translate(_IN_ASCII)
    for code in changed:
        text = text.replace(chr(code), _IN_ASCII[code])
    return text


def _one_in_ascii(code: int) -> str | None:
    """What a character is in ASCII: letters in another form, an apostrophe, or a blank; None if it is a letter."""
    char = chr(code)
    if code < 0xA0:  # text of Windows-1252 that was read as Latin-1
        char = bytes([code]).decode("cp1252", "replace")
    if char in _APOSTROPHES:
        return "'"
    if code in _LIGATURES or unicodedata.decomposition(char).startswith(_OTHER_FORMS):
        shown = unicodedata.normalize("NFKC", char)
        return shown if shown.isalnum() or shown == "'" else " "
    if unicodedata.category(char) in _SEPARATING:
        return " "
    return None if char == chr(code) else char


_IN_ASCII = {
    code: shown for code in chain.from_iterable(starmap(range, _BLOCKS)) if (shown := _one_in_ascii(code)) is not None
}
