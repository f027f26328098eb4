"""Toy newswires in the manner of the 1980s: eight topics, 100 stories each to train on and 30 each to test with.

A story is an opening sentence of its topic and as many further sentences, some of them common to all topics, as
make 30-80 words. Companies and numbers are invented. Topics share vocabulary where real ones do (money-fx and
interest, earn and acq), so that no single word settles every story.
"""

import re
from collections.abc import Callable
from random import Random
from typing import Any

from app.tasks.samples import newswire_phrases as phrases
from app.tasks.samples.newswire_topic import Topic

SEED = 19_871
ROWS_PER_TOPIC = {"train": 100, "test": 30}
LABELS = tuple(phrases.TOPICS)
WORDS = range(30, 81)  # words in a body
DATELINED = 0.5  # share of bodies that begin with a place and a date
WITH_COMMON = 0.4  # share of bodies that carry a sentence common to all topics

_SLOT = re.compile(r"\{(\w+)\}")


def rows() -> dict[str, list[Any]]:
    """Columns `title` (upper case), `text` (30-80 words), `label` (a topic), `topics` (that alone) and `split`."""
    rng = Random(SEED)
    seen: set[str] = set()
    columns: dict[str, list[Any]] = {"title": [], "text": [], "label": [], "split": []}
    for split, count in ROWS_PER_TOPIC.items():
        labels = [label for label in LABELS for _ in range(count)]
        rng.shuffle(labels)
        for label in labels:
            title, text = _unseen_story(rng, phrases.TOPICS[label], seen)
            seen.add(text)
            columns["title"].append(title)
            columns["text"].append(text)
            columns["label"].append(label)
            columns["split"].append(split)
    return columns | {"topics": [[label] for label in columns["label"]]}


def _unseen_story(rng: Random, topic: Topic, seen: set[str]) -> tuple[str, str]:
    while True:
        title, text = _story(rng, topic)
        if len(text.split()) in WORDS and text not in seen:
            return title, text


def _story(rng: Random, topic: Topic) -> tuple[str, str]:
    """Headline and body of one story; what they name is the same in both."""
    names = _names(rng)
    title = _fill(rng, rng.choice(_lines(topic.headlines)), names).upper()
    body = [rng.choice(_lines(topic.openings)), *rng.sample(_lines(topic.details), rng.randint(1, 3))]
    if rng.random() < WITH_COMMON:
        body.append(rng.choice(_lines(phrases.COMMON)))
    sentences = [_sentence(_fill(rng, template, names)) for template in body]
    if rng.random() < DATELINED:
        sentences.insert(0, _fill(rng, "{city}, {month} {day} -", names).upper())
    return title, " ".join(sentences)


def _names(rng: Random) -> dict[str, str]:
    """The slots that keep their value through a story."""
    company, rival = (
        f"{name} {rng.choice(phrases.TRADES)} {rng.choice(phrases.FORMS)}" for name in rng.sample(phrases.NAMES, 2)
    )
    low = rng.uniform(1, 90)
    return {
        "company": company,
        "rival": rival,
        "ticker": "".join(word[0] for word in company.split()),
        "house": rng.choice(phrases.HOUSES),
        "bank": rng.choice(phrases.BANKS),
        "country": rng.choice(phrases.COUNTRIES),
        "city": rng.choice(phrases.CITIES),
        "crop": rng.choice(phrases.CROPS),
        "product": rng.choice(phrases.PRODUCTS),
        "quarter": rng.choice(phrases.QUARTERS),
        "year": rng.choice(("1986", "1987", "1988")),
        "low": f"{low:.1f}",
        "high": f"{low * rng.uniform(1.05, 1.9):.1f}",
    }


# The slots that are drawn anew each time. Rates and prices in the range that the decade knew.
_NUMBERS: dict[str, Callable[[Random], str]] = {
    "barrel": lambda rng: f"{rng.uniform(13, 21):.2f}",  # dollars a barrel
    "bln": lambda rng: f"{rng.uniform(1, 9):.1f}",
    "bpd": lambda rng: f"{rng.randrange(20, 1900) * 1000:,}",  # barrels a day
    "count": lambda rng: f"{rng.randrange(20, 900) * 10:,}",
    "cts": lambda rng: str(rng.randint(3, 98)),
    "day": lambda rng: str(rng.randint(1, 28)),
    "fraction": lambda rng: rng.choice(("1/8", "1/4", "3/8", "1/2", "3/4", "one")),
    "grade": lambda rng: f"{rng.uniform(0.03, 0.9):.2f}",  # ounces a ton
    "index": lambda rng: f"{rng.uniform(69, 75):.1f}",
    "mark": lambda rng: f"{rng.uniform(1.7, 2.95):.4f}",
    "mln": lambda rng: f"{rng.uniform(2, 400):.1f}",
    "month": lambda rng: rng.choice(phrases.MONTHS),
    "oz": lambda rng: f"{rng.uniform(385, 480):.2f}",  # dollars an ounce
    "pct": lambda rng: f"{rng.uniform(1.5, 39):.1f}",
    "price": lambda rng: f"{rng.uniform(12, 190):.2f}",
    "rate": lambda rng: f"{rng.randint(3, 11)}-{rng.choice(('1/8', '1/4', '3/8', '1/2', '3/4', '7/8'))}",
    "small": lambda rng: str(rng.randint(2, 48)),
    "tonnes": lambda rng: f"{rng.randrange(8, 600) * 1000:,}",
    "usd": lambda rng: f"{rng.uniform(1.45, 1.75):.4f}",  # dollars a pound
    "yen": lambda rng: f"{rng.uniform(125, 165):.2f}",
}


def _fill(rng: Random, template: str, names: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        slot = match.group(1)
        return names[slot] if slot in names else _NUMBERS[slot](rng)

    return _SLOT.sub(value, template)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _lines(block: str) -> tuple[str, ...]:
    return tuple(block.strip().splitlines())
