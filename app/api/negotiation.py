"""Which form of an answer a client gets: the one that its `Accept` header likes best (RFC 9110, 12.5.1)."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from app.errors import NotAcceptable

T = TypeVar("T")

_RANGE = re.compile(r"\s*([\w!#$&^.+*-]+)/([\w!#$&^.+*-]+)\s*((?:;[^;]*)*)$")
_QUALITY = re.compile(r";\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def negotiated(accept: Sequence[str], offered: Mapping[T, str]) -> T:
    """One of the forms offered, each with its media type, best first.

    `accept`: the values of the request's `Accept` fields. Of forms that are liked alike the one that is named more
    exactly wins, then the one offered first.

    Raises:
        NotAcceptable: the client takes none of them.
    """
    if not "".join(accept).strip():
        return next(iter(offered))
    ranges = [found for part in ",".join(accept).split(",") if (found := _read(part))]
    liked = {form: _liking(media_type, ranges) for form, media_type in offered.items()}
    best = max(liked, key=lambda form: liked[form])  # the first of equals
    if liked[best][0] == 0:
        raise NotAcceptable(f"there is no form that `Accept` names: it comes as {', '.join(offered.values())}")
    return best


def _read(part: str) -> tuple[str, str, float] | None:
    """Type, subtype and quality of a media range; None of what is none. Other parameters are passed over."""
    found = _RANGE.match(part)
    if found is None:
        return None
    quality = _QUALITY.search(found[3])
    return found[1].lower(), found[2].lower(), float(quality[1]) if quality else 1.0


def _liking(media_type: str, ranges: Sequence[tuple[str, str, float]]) -> tuple[float, int]:
    """The quality that the most exact range gives, and how exact it is: 2 named, 1 `text/*`, 0 anything."""
    kind, _, sub = media_type.partition("/")
    fits = [
        ((a == kind) + (b == sub), quality)
        for a, b, quality in ranges
        if (a in (kind, "*") and b == "*") or (a, b) == (kind, sub)
    ]
    exactness, quality = max(fits, default=(0, 0.0))
    return quality, exactness
