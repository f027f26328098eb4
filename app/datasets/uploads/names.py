"""What a task calls the columns of a file."""

import re
import unicodedata
from collections.abc import Collection, Iterable

from app.datasets.uploads.problems import Problem, shown
from app.wire.declarations import RESERVED

MOST_FIELD, MOST_COLUMN = 40, 64  # characters of the names of a task


def slug(name: str, *, is_field: bool) -> str:
    """A name in the letters that a task's names may have; empty if it has none of them. Texts' are in lower case."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("&", " and "))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
    return plain.lower() if is_field else plain


def named(source: str, taken: Collection[str], *, is_field: bool, otherwise: str = "column") -> str:
    """A name that no other column has, nor a field of a request."""
    most = MOST_FIELD if is_field else MOST_COLUMN
    name = slug(source, is_field=is_field)
    if is_field and name and not name[0].isalpha():
        name = f"{otherwise}_{name}"
    name = name[:most].rstrip("_") or otherwise
    taken, found, number = {*taken, *RESERVED}, name, 2
    while found in taken:
        ending = f"_{number}"
        found, number = name[: most - len(ending)] + ending, number + 1
    return found


def find(name: str, sources: list[str]) -> int | None:
    """The column that is meant: exactly, else in other case, else by its letters and digits."""
    if name in sources:
        return sources.index(name)
    for form in (str.casefold, lambda text: slug(text, is_field=True)):
        places = [place for place, source in enumerate(sources) if form(source) == form(name) and form(name)]
        if len(places) == 1:
            return places[0]
        if places:
            meant = ", ".join(shown(sources[place]) for place in places[:5])
            raise Problem(f"{shown(name)} may be each of the columns {meant}", name)
    return None


def found(name: str, sources: list[str], what: str) -> int:
    """The same, of a column that must be there.

    Raises:
        Problem: it is not.
    """
    place = find(name, sources)
    if place is None:
        raise Problem(f"{what}: there is no column {shown(name)}; the file has {listed(sources)}", name)
    return place


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names in a message: the first ones."""
    names = list(names)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(shown(name) for name in names[:most]) + more
