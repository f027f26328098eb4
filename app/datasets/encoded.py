"""Encoded datasets on disk, so that the next run on the same rows starts at once; memory-mapped, limited in size."""

import errno
import hashlib
import json
import os
import secrets
import shutil
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import app
from app.encoding.rows import ByteRows, Encoded, SparseRows
from app.errors import EntryDamaged, told

FORMAT = 2  # raise it when entries have another form; other rows for the same data are `Task.encoder_version`
META = "meta.json"
UNFINISHED = ".new-"
ABANDONED = 3_600.0  # seconds after which an unfinished entry has no writer any more
CHUNK = 2**22  # bytes read at once for a checksum

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Entry:
    """What was kept under a key."""

    arrays: Arrays  # memory-mapped, read-only
    meta: dict[str, Any]


class EncodedCache:
    """A folder of entries, each written once and published by rename: safe with several trainers at once.

    Whatever is wrong with an entry, it counts as not there: a cache never changes a result.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """`most_bytes` 0 keeps nothing. The least recently used entries go first."""
        self._folder = folder
        self._most = most_bytes

    @staticmethod
    def key(**parts: Any) -> str:
        """A name for whatever these parts decide."""
        told = json.dumps({"format": FORMAT, "release": app.__version__, **parts}, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def get(self, key: str) -> Entry | None:
        """The entry, if there is one and all its checksums are right.

        Raises:
            EntryDamaged: it was not as it had been written, and is removed.
        """
        folder = self._folder / key
        if not folder.exists():
            return None
        try:
            index = json.loads((folder / META).read_text(encoding="utf-8"))
            meta = index["content"]
            found = {name: _checksum(folder / f"{name}.npy") for name in meta["checksums"]}
            whole = index["checksum"] == _checksum_of(meta) and found == meta["checksums"]
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in found}
            entry = Entry(arrays, meta["meta"])
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            self._drop(folder)
            raise EntryDamaged
        with suppress(OSError):  # somebody else's file
            os.utime(folder / META)  # used just now
        return entry

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> str | None:
        """Keep an entry; returns why it could not be kept, or None."""
        size = sum(array.nbytes for array in arrays.values())
        if size > self._most:
            with suppress(OSError):  # a limit that was lowered holds for what is there already
                self._make_room(0)
            return f"{size / 2**20:.0f} MiB are more than the cache may hold" if self._most else None
        fresh = self._folder / f"{UNFINISHED}{secrets.token_hex(6)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(size)
            fresh.mkdir()
            for name, array in arrays.items():
                np.save(fresh / f"{name}.npy", array, allow_pickle=False)
            checksums = {name: _checksum(fresh / f"{name}.npy") for name in arrays}
            content = {"checksums": checksums, "meta": meta}
            index = {"checksum": _checksum_of(content), "content": content}
            (fresh / META).write_text(json.dumps(index), encoding="utf-8")
            try:
                fresh.rename(self._folder / key)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # another trainer was first: the same content
                    raise
        except OSError as error:
            return told(error)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return None

    def _drop(self, folder: Path) -> None:
        """Remove an entry; one whose removal is cut short counts as unfinished, never as a part of an entry."""
        doomed = self._folder / f"{UNFINISHED}{secrets.token_hex(6)}"
        with suppress(OSError):
            folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)
        with suppress(OSError):  # no folder, whoever put it there
            doomed.unlink()

    def _make_room(self, wanted: int) -> None:
        """Remove the entries used longest ago, until so many bytes fit, and what a killed trainer left half done."""
        found = []
        for folder in self._folder.iterdir():
            with suppress(OSError):
                if folder.name.startswith(UNFINISHED) and folder.stat().st_mtime < time.time() - ABANDONED:
                    self._drop(folder)
                    continue
                size = sum(path.stat().st_size for path in folder.iterdir())
                found.append((_used(folder), size, folder))
        total = wanted + sum(size for _, size, _ in found)
        for _, size, folder in sorted(found, key=lambda entry: entry[0]):
            if total <= self._most:
                return
            if not folder.name.startswith(UNFINISHED):  # a young one has a writer
                self._drop(folder)
                total -= size


def to_arrays(rows: Encoded, prefix: str) -> Arrays:
    """Encoded rows as arrays whose names begin with `prefix`."""
    if isinstance(rows, SparseRows):
        parts: Arrays = {"indices": rows.indices, "offsets": rows.offsets, "known": rows.known}
        others = {"values": rows.values, "words": rows.words}
        parts |= {name: array for name, array in others.items() if array is not None}
    elif isinstance(rows, ByteRows):
        parts = {"bytes": rows.values, "scale": np.array(rows.scale)}
    else:
        parts = {"matrix": rows}
    return {f"{prefix}_{name}": array for name, array in parts.items()}


def from_arrays(arrays: Mapping[str, NDArray[Any]], prefix: str, width: int) -> Encoded:
    """What `to_arrays` made arrays of."""
    matrix, pixels = arrays.get(f"{prefix}_matrix"), arrays.get(f"{prefix}_bytes")
    if matrix is not None:
        return matrix
    if pixels is not None:
        return ByteRows(pixels, int(arrays[f"{prefix}_scale"]))
    indices, offsets, known = (np.asarray(arrays[f"{prefix}_{name}"]) for name in ("indices", "offsets", "known"))
    values, words = arrays.get(f"{prefix}_values"), arrays.get(f"{prefix}_words")
    return SparseRows(indices, offsets, width, known, values, words)


def _used(folder: Path) -> float:
    """When an entry was last used, seconds since 1970; one without an index is of no use to anybody."""
    try:
        return (folder / META).stat().st_mtime
    except OSError:
        return 0.0


def _checksum_of(content: Any) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _checksum(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc
