"""Getting over an outage of the database: wait, try again, and say for how long it was away."""

import time
from collections.abc import Callable
from typing import TypeVar

from app.errors import ArtifactInvalid, StoreAway, Unavailable
from app.logs import get as get_log

log = get_log()

T = TypeVar("T")

OUTAGE_SECONDS = 60.0  # the longest outage that a run waits for; the fence tells whether it still has its lease
PAUSE = 0.2  # seconds between two tries
OUTAGE_STATUS = 75  # exit status of a trainer that waited in vain; EX_TEMPFAIL of sysexits.h
STORE_STATUS = 74  # the same of one that waited for the object store; EX_IOERR

Waiting = Callable[[Callable[[float], T]], T]


class Patience:
    """Does something with the database again and again until it is there."""

    def __init__(
        self,
        seconds: float = OUTAGE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """`seconds`: no try is begun that long after the first."""
        self._seconds = seconds
        self._monotonic = monotonic
        self._wait = wait

    def __call__(self, action: Callable[[float], T]) -> T:
        """What `action` returns; it is told for how many seconds the database has been away, at first 0.

        It may be done twice, since a commit can succeed whose answer is lost.

        Raises:
            Unavailable: the database stayed away.
        """
        began, away = self._monotonic(), 0.0
        while True:
            try:
                result = action(away)
            except (ArtifactInvalid, StoreAway):
                raise  # which has nothing to do with the database
            except Unavailable as error:
                if not away:
                    log.warning("database.away", error=error.message)
                if self._monotonic() - began > self._seconds:
                    raise
                self._wait(PAUSE)
                away = self._monotonic() - began
            else:
                if away:
                    log.info("database.back", seconds=round(away, 1))
                return result


def told(away: float, what: str = "the database") -> str:
    """An outage in words, for a run's log."""
    return f"{what} did not answer for {away:.1f} s; the run waited and goes on"


def told_of_store(away: float) -> str:
    """The same of the object store; 0: it has just begun, which the database can be told meanwhile."""
    return told(away, "the object store") if away else "the object store does not answer; the run waits for it"
