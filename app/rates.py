"""So many requests over time, as settings and keys say it."""

import re
from dataclasses import dataclass

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_RATE = re.compile(r"(\d{1,9})/(\d{0,5})([smhd])")


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
        rate = cls(int(count), int(number or 1) * SECONDS[unit])
        if not (rate.requests and rate.seconds <= SECONDS["w"]):
            raise ValueError("is requests over time, as 50/s, 1000/10m or 20000/d; a week at most")
        if not rate.seconds:
            raise ValueError("needs a time above 0")
        return rate

    def __str__(self) -> str:
        unit = next(unit for unit in ("d", "h", "m", "s") if self.seconds % SECONDS[unit] == 0)
        number = self.seconds // SECONDS[unit]
        return f"{self.requests}/{number if number > 1 else ''}{unit}"
