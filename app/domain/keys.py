"""API keys: what they may do, until when, and for whom."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from app.rates import SECONDS, Rate

Scope = Literal["predict", "train", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

PREFIX = "dk_"  # so that scanners for secrets know one when they see it
_LIFE = re.compile(r"(\d{1,6})([smhdw])")
MOST_DAYS = 3_660


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret."""

    id: str
    digest: str  # SHA-256 of the secret, in hexadecimal
    scopes: frozenset[Scope]
    tasks: frozenset[str] | None = None  # None: all
    origins: tuple[str, ...] | None = None  # of pages that may use it; None: no page is asked for
    rate: Rate | None = None
    ends_at: datetime | None = None  # by its own life, or by a rotation

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
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    if not 0 < seconds <= MOST_DAYS * 86_400:
        raise ValueError(f"is a time as 90d, 12h or 30m, above 0 and at most {MOST_DAYS}d")
    return timedelta(seconds=seconds)
