"""What is kept on this machine of what the store holds, and what of it goes when it is too much: the longest unused."""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import Unavailable
from app.logs import get as get_log

log = get_log()

USED_AGAIN = 60.0  # seconds: uses closer together than this are one; who uses something meanwhile keeps it
TRIM_SECONDS = 1.0  # in which questions of what could go begin: whoever has just fetched something waits for them


@dataclass(frozen=True)
class Place:
    """A folder of things that are in the store, too."""

    folder: Path
    path_of: Callable[[str], Path]  # of a thing, by its name
    stored: Callable[[str], int]  # bytes that the store says it has of a thing; it raises as the store does
    away: str  # what names below the folder begin with, of what is being removed


class Kept:
    """Marks of what is in the store, by thing, in a hidden folder beside them: nothing without a mark is ever evicted.

    A mark may be wrong: a bucket can be lost and made anew, and another server can have the same URL. So the store is
    asked before the copy here goes.

    Safe with several processes at once. A mark's time is that of the last use, what it holds are the thing's bytes.
    """

    def __init__(
        self,
        url: str,
        limit: int,
        places: dict[str, Place],
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        gives: Callable[[], bool] = lambda: True,
    ) -> None:
        """`limit`: bytes of all places together. Marks are of one store: another URL knows nothing of them.

        `gives` tells whether the store gives objects, as far as is known: else it is not asked.
        """
        self._marks = f".stored-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
        self._limit = limit
        self._places = places
        self._now = now
        self._monotonic = monotonic
        self._gives = gives
        self._has_told = False  # that the store does not say what it has

    def mark(self, place: str, name: str, size: int, *, pinned: bool = False) -> None:
        """This is here and in the store; `pinned`: and it stays here."""
        mark = self._mark(place, name)
        with suppress(OSError):  # without a mark it stays, too
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(f"{0 if pinned else size}\n", encoding="ascii")
            os.utime(mark, (self._now(), self._now()))

    def knows(self, place: str, name: str) -> bool:
        """Whether it is known to be in the store."""
        return self._mark(place, name).exists()

    def use(self, place: str, name: str) -> None:
        """It is used now."""
        mark = self._mark(place, name)
        with suppress(OSError):  # it has none
            if self._now() - mark.stat().st_mtime > USED_AGAIN / 2:
                os.utime(mark, (self._now(), self._now()))

    def forget(self, place: str, name: str) -> None:
        """It is not in the store any more; here it stays."""
        with suppress(OSError):
            self._mark(place, name).unlink()

    def drop(self, place: str, name: str) -> None:
        """Away with it, here: in one step for whoever reads it."""
        self.forget(place, name)
        where = self._places[place]
        away = where.folder / f"{where.away}evicted-{secrets.token_hex(6)}"
        with suppress(OSError):
            away.parent.mkdir(parents=True, exist_ok=True)
            where.path_of(name).rename(away)
            shutil.rmtree(away) if away.is_dir() else away.unlink()

    def trim(self) -> None:
        """Keep to the limit, as far as that goes without what is used just now, or what the store does not have.

        It ends with the first question after the time is up, or where the store gives nothing now: what is too much
        then goes when the next thing comes.
        """
        if not self._gives():
            return
        end = self._monotonic() + TRIM_SECONDS
        found = sorted(self._all())
        total = sum(size for _, size, _, _ in found)
        for used, size, place, name in found:
            if total <= self._limit or used > self._now() - USED_AGAIN or self._monotonic() > end:
                return
            if not size:
                continue
            try:
                is_stored = self._places[place].stored(name) >= size
            except Unavailable as error:  # whoever trims next asks again
                if not self._has_told:
                    log.warning("store.not_evicted", reason=error.message)
                self._has_told = True
                return
            self._has_told = False
            if is_stored:
                self.drop(place, name)
                total -= size
            else:
                self.forget(place, name)
                log.warning("store.lost", place=place, name=name)

    def _mark(self, place: str, name: str) -> Path:
        return self._places[place].folder / self._marks / name

    def _all(self) -> list[tuple[float, int, str, str]]:
        """When it was used, its bytes, its place and its name."""
        found = []
        for place, where in self._places.items():
            for mark in (where.folder / self._marks).glob("*"):
                with suppress(OSError, ValueError):  # it has just gone, or is just being written
                    found.append((mark.stat().st_mtime, int(mark.read_text(encoding="ascii")), place, mark.name))
        return found
