"""API keys: what they may do, until when, and for whom."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

Scope = Literal["predict", "train", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

PREFIX = "dk_"  # so that scanners for secrets know one when they see it
_LIFE = re.compile(r"(\d{1,6})([smhdw])")
_RATE = re.compile(r"(\d{1,9})/(\d{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
MOST_DAYS = 3_660


@dataclass(frozen=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: int

    @classmethod
    def of(cls, text: str) -> "Rate":
        """As `50/s`, `1000/10m` or `20000/d`.

        Raises:
            ValueError: it is none.
        """
        found = _RATE.fullmatch(text.strip())
        count, number, unit = found.groups() if found else ("0", "", "s")
        rate = cls(int(count), int(number or 1) * _SECONDS[unit])
        if not (rate.requests and rate.seconds <= _SECONDS["w"]):
            raise ValueError("is requests over time, as 50/s, 1000/10m or 20000/d; a week at most")
        if not rate.seconds:
            raise ValueError("needs a time above 0")
        return rate

    def __str__(self) -> str:
        unit = next(unit for unit in ("d", "h", "m", "s") if self.seconds % _SECONDS[unit] == 0)
        number = self.seconds // _SECONDS[unit]
        return f"{self.requests}/{number if number > 1 else ''}{unit}"


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret."""

    id: str
    digest: str  # SHA-256 of the secret, in hexadecimal
    scopes: frozenset[Scope]
    tasks: frozenset[str] | None = None  # None: all
    origins: tuple[str, ...] | None = None  # of pages that may use it; None: no page is asked for
    rate: Rate | None = None
    expires_at: datetime | None = None

    def may(self, scope: Scope) -> bool:
        """Whether it has the scope; `admin` has all."""
        return scope in self.scopes or "admin" in self.scopes


def new_secret() -> str:
    """256 random bits, to be shown once."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: bytes) -> str:
    """What is kept of a secret. It is random, so that nothing slower than SHA-256 is needed."""
    return hashlib.sha256(secret).hexdigest()


def life_of(text: str) -> timedelta:
    """A length of time, as `90d`, `12h` or `30m`.

    Raises:
        ValueError: it is none, or longer than ten years.
    """
    found = _LIFE.fullmatch(text.strip())
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 0 < seconds <= MOST_DAYS * 86_400:
        raise ValueError(f"is a time as 90d, 12h or 30m, above 0 and at most {MOST_DAYS}d")
    return timedelta(seconds=seconds)
