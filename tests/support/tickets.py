"""Tickets of a shop's customers, which five teams answer: made by us, of phrases with slots, small talk and typos.

As a program it writes 5,000 of them to the file that it is told.
"""

import csv
import random
import sys
from collections.abc import Iterator
from pathlib import Path

TEAMS = ("accounts", "billing", "returns", "shipping", "technical")
COLUMNS = ("ticket", "opened", "message", "team")
SHARE_MISTAKEN = 0.03  # of tickets that were given to another team than their text says
SHARE_TYPED = 0.3  # of messages with a slip of the finger

PHRASES = {
    "accounts": (
        "I cannot log in to my account since {when}.",
        "How do I change the email address of my {plan} account?",
        "Please delete my account and everything you know about me.",
        "The link to reset my password never arrives.",
        "My user name {name} is said to be taken, but it is mine.",
        "Could you merge my two accounts? One is under {name}.",
        "The code of the two-step login is refused every time.",
        "My profile still shows my old name, {name}.",
        "Somebody else seems to have signed in as me {when}.",
        "I would like to add a second user to our {plan} account.",
    ),
    "billing": (
        "I was charged twice for invoice {number}.",
        "The invoice of {when} has the wrong tax on it.",
        "My card was declined although there is enough money on it.",
        "Can I pay by bank transfer instead of by card?",
        "Please send the receipt for {amount} again, I need it for my taxes.",
        "Why did the price of the {plan} plan go up to {amount}?",
        "There is a payment of {amount} on my statement that I do not know.",
        "The discount code was not taken off invoice {number}.",
        "We need our company's VAT number on the invoice.",
        "When will my credit of {amount} be paid out?",
    ),
    "returns": (
        "The {item} does not fit, I want to send it back.",
        "How many days do I have to return the {item}?",
        "I sent the {item} back {when} and have no refund yet.",
        "Could I exchange the {item} for a larger one?",
        "The return label for order {number} cannot be printed.",
        "You refunded less than what the {item} had cost.",
        "The {item} is not what the picture shows; I would like my money back.",
        "Do I have to pay for sending the {item} back?",
        "I want to return only one of the two {item}s of order {number}.",
        "The {item} came with a scratch, please take it back.",
    ),
    "shipping": (
        "Where is my parcel? Order {number} should have been here {when}.",
        "The courier left the {item} with a neighbour whom I do not know.",
        "Tracking says that order {number} is still in the warehouse.",
        "Can the delivery be moved to another day?",
        "I typed the wrong street, please send order {number} to my office.",
        "The box was empty when the courier handed it over.",
        "Do you deliver to islands, and how long does it take?",
        "Half of order {number} is missing from the parcel.",
        "The parcel was sent back to you because nobody was at home {when}.",
        "Is there express delivery for the {item}?",
    ),
    "technical": (
        "The app crashes as soon as I open the basket.",
        "The {item} does not switch on any more.",
        "Since the update {when} the screen stays white.",
        "The {item} cannot be paired with my phone.",
        "Search finds nothing, whatever I type, error {number}.",
        "The website is slow and then shows error {number}.",
        "The firmware of the {item} stops at half and starts again.",
        "Notifications of the app do not come through on my tablet.",
        "The {item} loses its connection every few minutes.",
        "Your export writes a file that no program can open.",
    ),
}
OPENERS = ("", "", "Hello,", "Hi there,", "Dear team,", "Good morning,", "Hey,", "To whom it may concern,")
ASIDES = (
    "", "", "", "I have been a customer for years.", "I tried it three times.", "My neighbour had the same trouble.",
    "This is rather urgent.", "I already asked {when} and got no answer.", "I like the {item} otherwise.",
    "It is for order {number}.", "Nobody answers the phone.", "I am writing from my phone, sorry for the typing.",
)  # fmt: skip
CLOSERS = (
    "",
    "",
    "Thanks!",
    "Thank you, {name}",
    "Please help.",
    "Best wishes\n{name}",
    "Kind regards,\n{name}",
    ":-(",
)
SLOTS = {
    "when": ("yesterday", "last week", "on Monday", "two days ago", "in March", "this morning", "on the 3rd"),
    "name": ("Ada", "Bjørn", "Chiara", "Dmitri", "Émile", "Fatma", "Grace", "Hana", "Igor", "Jürgen", "Kofi", "Li"),
    "plan": ("basic", "family", "business", "student"),
    "item": ("lamp", "kettle", "headset", "backpack", "keyboard", "jacket", "speaker", "desk", "watch", "charger"),
    "amount": ("9.90 €", "12,50 €", "$49", "£ 120", "199.00", "8 euros"),
}


def rows(count: int = 5_000, seed: int = 1) -> Iterator[dict[str, str]]:
    """Tickets as dicts of `COLUMNS`; every one has a message of its own."""
    draw = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        team = draw.choices(TEAMS, weights=(3, 5, 2, 6, 4))[0]
        message = _message(draw, team)
        if message in seen:
            continue
        seen.add(message)
        if draw.random() < SHARE_MISTAKEN:
            team = draw.choice(TEAMS)
        opened = f"2026-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        yield {"ticket": f"T-{10_000 + len(seen)}", "opened": opened, "message": message, "team": team}


def write(path: Path, count: int = 5_000, seed: int = 1) -> Path:
    """A CSV file of them, as a spreadsheet writes it: with a byte order mark, and cells of several lines."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows(count, seed))
    return path


def _message(draw: random.Random, team: str) -> str:
    parts = [draw.choice(OPENERS), draw.choice(PHRASES[team]), draw.choice(ASIDES), draw.choice(CLOSERS)]
    text = " ".join(filter(None, parts))
    filled = {name: draw.choice(values) for name, values in SLOTS.items()}
    text = text.format(number=draw.randint(100_000, 999_999), **filled)
    return _slipped(draw, text) if draw.random() < SHARE_TYPED else text


def _slipped(draw: random.Random, text: str) -> str:
    """Two letters in the wrong order, one twice, or one left out."""
    place = draw.randrange(len(text) - 2)
    one, other = text[place], text[place + 1]
    return text[:place] + draw.choice((other + one, one + one + other, other)) + text[place + 2 :]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
