"""Counters that the API processes of a machine share: a small file that each maps into its memory.

A dictionary would count for one process only, and no database is asked on the way of a prediction. Slots that have run
out are taken again; where many are wanted at once, those that end first make room.
"""

import fcntl
import hashlib
import mmap
import os
import struct
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

    def add(self, name: str, ends: float, now: float, *, of_key: bool = False) -> int:
        """Count one more until `ends`; returns how many that makes. Both times in seconds since 1970.

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
            return self._count(hashed, (0, KEYS) if of_key else (KEYS, ADDRESSES), ends, now)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        size = SLOTS * _SLOT.size
        if os.fstat(self._file).st_size != size:
            os.posix_fallocate(self._file, 0, size)  # a page without room on the disk would be a signal, not an error
        self._memory = mmap.mmap(self._file, size)

    def _count(self, hashed: int, slots: tuple[int, int], ends: float, now: float) -> int:
        begin, count_of_slots = slots
        first = (float("inf"), 0)  # the end of the slot that ends first, and where it lies
        for near in range(NEAR):
            at = (begin + (hashed + near) % count_of_slots) * _SLOT.size
            found, until, count = _SLOT.unpack_from(self._memory, at)
            if found == hashed:
                count = count + 1 if until == ends else 1
                _SLOT.pack_into(self._memory, at, hashed, ends, count)
                return int(count)
            first = min(first, (until if until > now else 0.0, at))
        _SLOT.pack_into(self._memory, first[1], hashed, ends, 1)
        return 1


@lru_cache(maxsize=4_096)
def _hashed(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") or 1  # 0 is a free slot
