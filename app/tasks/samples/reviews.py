"""Toy film reviews: 8,000 to train on and 2,000 to test with, half of each negative and half positive.

A review is put together from phrases: an opening, one to three clauses about acting, plot, pace, music, pictures
or dialogue, sometimes a concession to the other side, an ending. The clauses come from two banks, one per label;
openings and endings may also come from a neutral bank. Two kinds of review keep the task from being trivial:
balanced ones, which hold one clause of each side and no other sign of their label, and negations such as
"not boring for one second". Some carry the `<br /><br />` tags that reviews taken from web pages have.
"""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from app.tasks.samples import reviews_complaints, reviews_neutral, reviews_praise

SEED = 20_071
ROWS = {"train": 8_000, "test": 2_000}  # the baseline takes 512 in a batch: fewer rows are too few steps
LABELS = ("negative", "positive")
WORDS = range(20, 61)  # words in a review, tags not counted
LINE_BREAK = "<br /><br />"
FILMS = ("film", "movie", "film", "movie", "picture")  # repeated: "picture" is the rarer word

CONCEDING = 0.3  # share of reviews that grant the other side a point
BALANCED = 0.1  # share that hold one clause of each side and nothing else that tells
BROKEN = 0.2  # share with a line break tag between two sentences


@dataclass(frozen=True)
class _Side:
    """The phrases of one label."""

    clauses: tuple[str, ...]
    openings: tuple[str, ...]
    endings: tuple[str, ...]
    adjectives: tuple[str, ...]


def rows() -> dict[str, list[Any]]:
    """Columns `text` (20-60 words), `label` ('negative' or 'positive') and `split` ('train' or 'test')."""
    rng = Random(SEED)
    seen: set[str] = set()
    columns: dict[str, list[Any]] = {"text": [], "label": [], "split": []}
    for split, count in ROWS.items():
        labels = [LABELS[index % len(LABELS)] for index in range(count)]
        rng.shuffle(labels)
        for label in labels:
            text = _unseen_review(rng, label, seen)
            seen.add(text)
            columns["text"].append(text)
            columns["label"].append(label)
            columns["split"].append(split)
    return columns


def _unseen_review(rng: Random, label: str, seen: set[str]) -> str:
    while True:
        text = _review(rng, label)
        length = len(text.replace(LINE_BREAK, " ").split())
        if length in WORDS and text not in seen:
            return text


def _review(rng: Random, label: str) -> str:
    own = _side(label)
    other = _side(next(name for name in LABELS if name != label))
    kind = rng.random()
    if kind < BALANCED:
        phrases = [_neutral_opening(rng), _concession(rng, own, other), _neutral_ending(rng)]
    elif kind < BALANCED + CONCEDING:
        phrases = [_opening(rng, own), _concession(rng, own, other), *_clauses(rng, own, 1), _ending(rng, own)]
    else:
        phrases = [_opening(rng, own), *_clauses(rng, own, rng.randint(1, 3)), _ending(rng, own)]
    return _punctuate(rng, phrases)


def _opening(rng: Random, own: _Side) -> str:
    return _phrase(rng, own, own.openings) if rng.random() < 0.3 else _neutral_opening(rng)


def _ending(rng: Random, own: _Side) -> str:
    return _phrase(rng, own, own.endings) if rng.random() < 0.6 else _neutral_ending(rng)


def _clauses(rng: Random, own: _Side, count: int) -> list[str]:
    return [_fill(rng, own, clause) for clause in rng.sample(own.clauses, count)]


def _concession(rng: Random, own: _Side, other: _Side) -> str:
    template = rng.choice(_lines(reviews_neutral.CONCESSIONS))
    return template.format(own=_phrase(rng, own, own.clauses), other=_phrase(rng, other, other.clauses))


def _neutral_opening(rng: Random) -> str:
    if rng.random() < 0.4:
        return rng.choice(_lines(reviews_neutral.CIRCUMSTANCES)).format(film=rng.choice(FILMS))
    return rng.choice(_lines(reviews_neutral.PREMISES)).format(
        film=rng.choice(FILMS),
        genre=rng.choice(_lines(reviews_neutral.GENRES)),
        hero=rng.choice(_lines(reviews_neutral.HEROES)),
        trouble=rng.choice(_lines(reviews_neutral.TROUBLES)),
    )


def _neutral_ending(rng: Random) -> str:
    return rng.choice(_lines(reviews_neutral.ENDINGS)).format(film=rng.choice(FILMS))


def _phrase(rng: Random, side: _Side, phrases: tuple[str, ...]) -> str:
    return _fill(rng, side, rng.choice(phrases))


def _fill(rng: Random, side: _Side, phrase: str) -> str:
    adjective = rng.choice(side.adjectives)
    if adjective[0] in "aeiou":
        phrase = phrase.replace("a {good}", "an {good}").replace("a {bad}", "an {bad}")
    return phrase.format(film=rng.choice(FILMS), good=adjective, bad=adjective)


def _punctuate(rng: Random, phrases: list[str]) -> str:
    """Phrases as sentences, some joined by a line break tag, the last now and then with an exclamation mark."""
    stops = ["."] * (len(phrases) - 1) + [rng.choice("...!")]
    sentences = [phrase[0].upper() + phrase[1:] + stop for phrase, stop in zip(phrases, stops, strict=True)]
    gaps = [" "] * (len(sentences) - 1)
    if rng.random() < BROKEN:
        gaps[rng.randrange(len(gaps))] = LINE_BREAK
    return sentences[0] + "".join(gap + sentence for gap, sentence in zip(gaps, sentences[1:], strict=True))


@cache
def _side(label: str) -> _Side:
    bank = reviews_praise if label == "positive" else reviews_complaints
    return _Side(
        clauses=tuple(line for line in bank.CLAUSES if line),
        openings=_lines(bank.OPENINGS),
        endings=_lines(bank.ENDINGS),
        adjectives=tuple(bank.ADJECTIVES),
    )


@cache
def _lines(block: str) -> tuple[str, ...]:
    return tuple(block.strip().splitlines())
