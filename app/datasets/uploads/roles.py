"""What a column is good for, guessed from its name and what it holds."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from app.datasets.uploads.names import slug
from app.datasets.uploads.profile import Overview, Profile
from app.encoding.cells import days_of_number

Role = Literal["text", "number", "category", "flag", "date", "image", "list", "ignored"]

MOST_CATEGORIES = 1_000
MOST_SPLITS = 8  # different words of a column that says which split a row belongs to

# How surely a column of this name is the answer.
HINTS = {
    "label": 12, "labels": 12, "target": 11, "class": 10, "category": 9, "categories": 9, "y": 9,
    "rating": 9, "stars": 9, "outcome": 8, "intent": 8, "topic": 8, "topics": 8, "tags": 8, "tag": 8, "species": 8,
    "team": 7, "diagnosis": 7, "survived": 7, "churn": 7, "genre": 7, "genres": 7, "score": 6,
    "quality": 6, "department": 6, "queue": 6, "answer": 6, "result": 5, "price": 5, "grade": 5, "priority": 4,
    "value": 3, "type": 3, "status": 3, "kind": 3, "group": 2,
}  # fmt: skip
SURE = 8  # from which on a name alone tells the answer
TEXTS = frozenset("text message review comment body content sentence document".split())  # whatever they hold
_FEELING = re.compile("sentim|emotion|polarity|mood")  # as several languages begin the words
_IDS = frozenset("id uuid guid index idx key nr rowid unnamed row".split())
_PICTURE = re.compile(r"data:image/|iVBORw0KGgo|/9j/")
SPLIT_WORDS = {
    "train": "train", "training": "train", "validation": "train", "valid": "train", "val": "train", "dev": "train",
    "test": "test", "testing": "test",
}  # fmt: skip


@dataclass
class Input:
    """A column that the network sees."""

    name: str
    source: int  # its place in the file
    title: str  # as the file calls it
    role: Role
    required: bool = True
    values: list[str] = field(default_factory=list)  # of categories, most frequent first
    day_first: bool = False  # in dates with slashes


@dataclass
class Target:
    """The column that is to be found."""

    name: str
    source: int
    title: str
    kind: Literal["one_of", "several_of", "number", "rating"]
    labels: list[Any] = field(default_factory=list)
    are_whole: bool = False  # whether labels are integers
    is_fixed: bool = False  # whether other labels are faults
    absent: set[Any] = field(default_factory=set)  # labels that no row has that can be used
    separator: str = ";"
    unit: str = ""
    least: float = 0.0
    greatest: float = 1.0


@dataclass
class Layout:
    """Which column of the file is what."""

    kind: Literal["text", "image", "table", "plane"]
    inputs: list[Input]
    target: Target
    split: int | None = None
    warnings: list[str] = field(default_factory=list)


def role_of(profile: Profile, overview: Overview) -> Role:
    """What a column is good for, whatever is to be found of what."""
    role = content_of(profile, overview)
    return "ignored" if role in {"number", "text"} and is_id(profile) else role


def content_of(profile: Profile, overview: Overview) -> Role:
    """What a column holds."""
    if not profile.filled or profile.share("nested") > 0.5:
        return "ignored"
    if profile.share("bytes") > 0.5 or _is_picture(profile, overview):
        return "image"
    plain: tuple[tuple[Role, float, float], ...] = (
        ("list", profile.share("list"), 0.5),
        ("date", profile.share("date"), 0.9),
        ("number", profile.share("number", "comma", "nonfinite"), 0.9),
        ("flag", profile.share("flag"), 0.95),
    )
    role: Role = next((role for role, share, least in plain if share >= least), _role_of_texts(profile))
    return "category" if role == "number" and _are_codes(profile) else role


def _are_codes(profile: Profile) -> bool:
    """Whether some numbers begin with a zero, as postcodes do, and there are few of them."""
    values = list(profile.values or ())
    codes = any(isinstance(value, str) and re.fullmatch(r"0\d+", value.strip()) for value in values)
    return codes and len(values) <= MOST_CATEGORIES and not profile.kinds["comma"]


def _role_of_texts(profile: Profile) -> Role:
    if (
        slug(profile.name, is_field=True) in TEXTS
        or profile.values is None
        or profile.is_long
        or words_of(profile) >= 4
    ):
        return "text"
    return "category" if profile.distinct <= min(MOST_CATEGORIES, max(10, profile.filled * 0.5)) else "text"


def _is_picture(profile: Profile, overview: Overview) -> bool:
    cells = [row.get(profile.name) for row in overview.first_rows]
    found = [bool(_PICTURE.match(cell)) for cell in cells if isinstance(cell, str) and cell]
    return bool(found) and all(found)


def date_among(profile: Profile) -> str | None:
    """One of the numbers of a column if all of them look like dates: 20260131, or seconds since 1970."""
    if not profile.kept or any(days_of_number(number) is None for number in (profile.least, *profile.kept)):
        return None
    return f"{profile.kept[0]:.0f}"


def is_id(profile: Profile) -> bool:
    """Whether it only tells rows apart."""
    differ = profile.values is None or profile.distinct >= 0.99 * profile.filled
    parts = set(slug(profile.name, is_field=True).split("_"))
    return differ and profile.filled > 1 and not profile.is_long and bool(parts & _IDS or _is_unnamed(profile))


def _is_unnamed(profile: Profile) -> bool:
    return bool(re.fullmatch(r"column \d+", profile.name))


def words_of(profile: Profile) -> float:
    """The mean number of words of its texts."""
    return profile.words / max(1, profile.kinds["text"])


def characters_of(profile: Profile) -> float:
    """The mean length of its texts."""
    return profile.characters / max(1, profile.kinds["text"])


def split_place(profiles: list[Profile]) -> int | None:
    """The column that says which split a row belongs to: by its name, and by what it holds."""
    for place, profile in enumerate(profiles):
        if profile.name.casefold() != "split" or profile.values is None:
            continue
        words = {str(value).strip().casefold() for value, _ in profile.common(words=True)}
        if words and len(words) <= MOST_SPLITS and words <= set(SPLIT_WORDS):
            return place
    return None


def hint_of(name: str) -> float:
    """How surely a column of this name is the answer."""
    plain = slug(name, is_field=True)
    parts = plain.split("_")
    if _FEELING.match(plain):
        return 9.0
    return float(HINTS.get(plain, max((0.6 * HINTS.get(part, 0) for part in parts), default=0)))


def likely_target(profiles: list[Profile], roles: list[Role], split: int | None) -> int | None:
    """The column that is most likely to be found from the others; None if none is likely."""
    last = max((place for place in range(len(profiles)) if place != split), default=0)
    scores = {
        place: _likeness(profile, role, is_last=place == last)
        for place, (profile, role) in enumerate(zip(profiles, roles, strict=True))
        if place != split and role not in {"image", "ignored", "date"}
    }
    best = max(scores, key=lambda place: (scores[place], place), default=None)
    return best if best is not None and scores[best] > 0 else None


def _likeness(profile: Profile, role: Role, *, is_last: bool) -> float:
    hint = hint_of(profile.name)
    if role == "text":
        return hint if hint >= SURE and words_of(profile) < 6 else 0
    most = 20 if role == "number" else 100
    few = 2 <= profile.distinct <= min(most, max(3, profile.filled / 4)) and profile.values is not None
    score = hint + 3 * few + 4 * is_last
    if role == "number" and not few:
        return score if hint or is_last else 0
    return score + (role in {"category", "list"})


def likely_kind(profiles: list[Profile], roles: list[Role], others: set[int]) -> Literal["text", "image", "table"]:
    """What sort of input the columns make, but for the answer and the split (`others`)."""
    own = [
        (profile, role)
        for place, (profile, role) in enumerate(zip(profiles, roles, strict=True))
        if place not in others
    ]
    if any(role == "image" for _, role in own):
        return "image"
    texts = [profile for profile, role in own if role == "text"]
    features = sum(role in {"number", "category", "flag", "date"} for _, role in own)
    if any(characters_of(profile) >= 60 or words_of(profile) >= 8 for profile in texts):
        return "text"
    if texts and features < 3:
        return "text"
    return "table"
