"""Counters that the API processes of a machine share: a small file that each maps into its memory.

A dictionary would count for one process only, and no database is asked on the way of a prediction. Slots that have run
out are taken again; where many are wanted at once, those that end first make room.
"""

import fcntl
import hashlib
import mmap
import os
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.errors import Unavailable

KEYS, ADDRESSES = 2_048, 16_384  # slots: keys have theirs to themselves, however many addresses come
SLOTS = KEYS + ADDRESSES
NEAR = 8  # slots in which a counter may lie
_SLOT = struct.Struct("<QdQ")  # hash of the name, seconds since 1970 at which it ends, count


class SharedCounters:
    """Counts that end by themselves."""

    def __init__(self, path: Path) -> None:
        """`path`: of the file, which is made where there is none when something is counted; what it holds goes on."""
        self._path = path
        self._file = -1
        self._memory: Any = None

    def add(
        self,
        name: str,
        ends: float,
        now: float,
        *,
        of_key: bool = False,
        more: Callable[[int], int] = lambda _count: 1,
    ) -> tuple[int, int]:
        """Count more until `ends`; returns how many there were before, and how many came to them.

        `more` is told the former and says the latter, one or more. Both times in seconds since 1970.

        Raises:
            Unavailable: the file cannot be made.
        """
        if self._memory is None:
            try:
                self._open()
            except OSError as error:
                raise Unavailable("requests cannot be counted: see to the disk of DENSELY_HOME") from error
        hashed = _hashed(name)
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            at, count = self._find(hashed, (0, KEYS) if of_key else (KEYS, ADDRESSES), ends, now)
            taken = more(count)
            _SLOT.pack_into(self._memory, at, hashed, ends, count + taken)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        return count, taken

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        size = SLOTS * _SLOT.size
        if os.fstat(self._file).st_size != size:
            os.posix_fallocate(self._file, 0, size)  # a page without room on the disk would be a signal, not an error
        self._memory = mmap.mmap(self._file, size)

    def _find(self, hashed: int, slots: tuple[int, int], ends: float, now: float) -> tuple[int, int]:
        """Where a counter lies, or may be put, and what it holds."""
        begin, count_of_slots = slots
        first = (float("inf"), 0)  # the end of the slot that ends first, and where it lies
        for near in range(NEAR):
            at = (begin + (hashed + near) % count_of_slots) * _SLOT.size
            found, until, count = _SLOT.unpack_from(self._memory, at)
            if found == hashed:
                return at, int(count) if until == ends else 0
            first = min(first, (until if until > now else 0.0, at))
        return first[1], 0


@lru_cache(maxsize=4_096)
def _hashed(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") or 1  # 0 is a free slot
