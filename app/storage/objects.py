"""Objects in a bucket or a folder: put, fetched, listed and removed, each with a time-out and a few tries."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from app.errors import StoreAway, Unusable
from app.folders import fsync, is_fault_of_disk
from app.storage.failures import NO_BUCKET, Kind, failure_of
from app.storage.filesystems import closer_of, host_of, in_pieces, modified_of, open_filesystem
from app.storage.health import GET, Health
from app.store_urls import mend_of, scheme_of

T = TypeVar("T")

PAUSES = (0.2, 0.8)  # seconds between tries: there is one try more
AWAY_SECONDS = 3.0  # after tries in vain, in which nobody has to wait for the same again
ASK_SECONDS = 20.0  # for an answer without a file
PUT_SECONDS = 12.0  # for that to a file, besides its bytes: of S3's, the library waits without end for leave to send
PART = ".part"  # what names of files end with that are being written, in a folder
NOT_FOUND = f"the object store {NO_BUCKET.format('not found')}"
SLOWEST = 2**18  # bytes a second, below which the transfer of a file is given up
CLOSED = "the connections to the object store are closed"

Count = Callable[[str, str, int], None]  # operation, outcome, bytes


@dataclass(frozen=True)
class Stored:
    """An object."""

    name: str  # below the store's URL
    bytes: int
    modified: float  # seconds since 1970, by the store's clock


class ObjectStore:
    """Objects below a URL, from any thread. Names are ours, never a client's."""

    def __init__(
        self,
        url: str,
        count: Count = lambda *_: None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """`url` as `store_urls` gives it; nothing is asked of the store before it is needed."""
        self.url = url
        self._scheme = scheme_of(url)
        self._is_folder = self._scheme == "file"
        self._root = url.partition("://")[2]
        self._count = count
        self._monotonic = monotonic
        self._sleep = sleep
        self.health = Health(monotonic)
        self._opening = Lock()
        self._filesystem: Any = None
        self._running: set[Future[Any]] = set()
        self._away_until = 0.0
        self.is_closed = False
        self.told = ""  # why it did not answer the last time

    def put(self, path: Path, name: str) -> None:
        """A file as an object; who reads meanwhile gets the one before, or none.

        Raises:
            StoreAway: the store does not answer.
            Unusable: it takes nothing before somebody has mended it.
        """
        size = path.stat().st_size
        if not self._tried("put", lambda: self._put(path, name, size)):
            raise Unusable(NOT_FOUND)
        self._count("put", "ok", size)

    def get(self, name: str, path: Path) -> bool:
        """An object into a file, which is there when it is whole; false if there is no such object.

        Raises:
            StoreAway, Unusable: as `put`; the latter also if the disk does not take it.
        """
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        try:
            if not self._tried("get", lambda: self._get(name, part), part=part):
                return False
            part.rename(path)
        except OSError as error:  # of this machine: those of the store are StoreAway and Unusable by now
            raise Unusable(f"the cache of the object store cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                part.unlink()
        self._count("get", "ok", path.stat().st_size)
        return True

    def read(self, name: str) -> bytes | None:
        """A small object in memory, None if there is no such one; the first two errors of `put`."""
        content: bytes | None = self._tried("get", lambda: self._read(name))
        if content is not None:
            self._count("get", "ok", len(content))
        return content

    def below(self, folder: str) -> list[Stored]:
        """Everything below a folder, by name; the same errors."""
        return [each for each in self._below(folder, "") if not each.name.endswith(PART)]

    def unfinished(self, folder: str) -> list[Stored]:
        """Files that a killed process has left there, by name; only `file://` shows such. The same errors."""
        return self._below(folder, PART) if self._is_folder else []

    def tail(self, name: str, start: int) -> bytes:
        """An object from a byte on; empty if there is no such object. The same errors."""
        found: bytes | None = self._tried("get", lambda: self._call("cat_file", self._key(name), start=start or None))
        self._count("get", "ok", len(found or b""))
        return found or b""

    def size(self, name: str) -> int | None:
        """Bytes of an object; None if there is no such object. The same errors."""
        found: int | None = self._tried("look", lambda: int(self._call("info", self._key(name)).get("size") or 0))
        self._count("look", "ok", 0)
        return found

    def delete(self, name: str) -> None:
        """An object that may have gone already; the same errors."""
        self._tried("delete", lambda: self._call("rm_file", self._key(name)))
        self._count("delete", "ok", 0)

    def ask(self, name: str, *, quietly: bool = False) -> None:
        """Whether it gives objects, by one that there may be; `quietly`: the log does not tell. The same errors.

        What is raised names the store, and is for whoever operates the service.
        """
        try:
            found = self._tried(GET, lambda: self._ask(name), quietly=quietly)
        except StoreAway as error:
            host = host_of(self._filesystem)
            place = f"{self.url} at {host}" if host else self.url
            told = error.message.replace("the object store", f"the object store {place}", 1)
            raise StoreAway(f"{told}: {mend_of(self.url)}") from error
        if found is not None:
            self._count(GET, "ok", len(found))

    def close(self) -> None:
        """Its connections, for good; what is under way ends, with StoreAway, and so does what comes later."""
        with self._opening:
            self.is_closed = True
            filesystem, self._filesystem = self._filesystem, None
            running = list(self._running)
        for each in running:  # else its thread waits for a connection that there is no more, and the process for it
            each.cancel()
        if filesystem is not None:
            closer_of(filesystem)()

    def shown(self, name: str) -> str:
        """Where an object is, for whoever operates the service."""
        return f"{self.url}/{name}"

    def _put(self, path: Path, name: str, size: int) -> bool:
        key = self._key(name)
        if not self._is_folder:
            options = in_pieces(self.url, putting=True)
            self._call("put_file", str(path), key, seconds=PUT_SECONDS + size / SLOWEST, **options)
            return True
        part = f"{key}.{secrets.token_hex(4)}{PART}"
        try:
            self._call("makedirs", str(Path(key).parent), exist_ok=True)
            self._call("put_file", str(path), part)
            fsync(Path(part))
            self._call("mv", part, key)
        finally:
            with suppress(FileNotFoundError):
                self._call("rm_file", part)
        return True

    def _get(self, name: str, part: Path) -> bool:
        # How large it is is not known: a stall is what the library's own time-out is for.
        most = ASK_SECONDS + 2**34 / SLOWEST
        self._call("get_file", self._key(name), str(part), seconds=most, **in_pieces(self.url, putting=False))
        return True

    def _ask(self, name: str) -> bytes:
        try:
            return self._read(name)
        except FileNotFoundError:
            self._list(name)  # of Google's, only this tells a bucket that is missing
            raise

    def _read(self, name: str) -> bytes:
        return bytes(self._call("cat_file", self._key(name), **in_pieces(self.url, putting=False)))

    def _below(self, folder: str, end: str) -> list[Stored]:
        found: list[Stored] | None = self._tried("list", lambda: self._list(folder))
        self._count("list", "ok", 0)
        return [each for each in found or [] if each.name.endswith(end)]

    def _list(self, folder: str) -> list[Stored]:
        filesystem = self._opened()
        filesystem.invalidate_cache()
        try:
            found = self._call("find", self._key(folder), detail=True, seconds=10 * ASK_SECONDS)
            if not found and self._scheme == "az":  # there it may be the container that is missing, as a look tells
                self._call("cat_file", self._key(folder))
        except FileNotFoundError as error:
            if failure_of(error, self._scheme).kind is not Kind.ABSENT:
                raise
            if self._scheme != "az":
                raise Unusable(NOT_FOUND) from error
            found = {}
        start = len(self._root.strip("/")) + 1
        told = {str(key).lstrip("/")[start:]: info for key, info in found.items()}
        return [
            Stored(name, int(info.get("size") or 0), modified_of(info))
            for name, info in sorted(told.items())
            if name and not name.endswith("/")  # so a store shows a folder
        ]

    def _key(self, name: str) -> str:
        if self._is_folder and not os.path.isdir(self._root):  # noqa: PTH112 - as it was written
            # Made by nobody here: it may be a disk that is not there now, whose place would fill this one.
            raise Unusable("the object store has no such folder: make it, or correct DENSELY_STORE_URL")
        return f"{self._root}/{name}"

    def _call(self, method: str, *args: Any, seconds: float = ASK_SECONDS, **options: Any) -> Any:
        filesystem = self._opened()
        if not getattr(filesystem, "async_impl", False):
            return getattr(filesystem, method)(*args, **options)
        coroutine = getattr(filesystem, f"_{method}")(*args, **options)
        running: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, filesystem.loop)
        with self._opening:
            self._running.add(running)
            if self._filesystem is not filesystem:  # it was closed meanwhile
                running.cancel()
        try:
            return running.result(seconds)
        finally:
            running.cancel()  # if it has not ended
            with self._opening:
                self._running.discard(running)

    def _opened(self) -> Any:
        with self._opening:
            if self.is_closed:
                raise StoreAway(CLOSED)
            if self._filesystem is None:
                self._filesystem = open_filesystem(self.url)
            return self._filesystem

    def _tried(
        self, operation: str, action: Callable[[], T], *, quietly: bool = False, part: Path | None = None
    ) -> T | None:
        """What it returns, or None where there is no such object. What keeps `part` from being written is raised."""
        if self._monotonic() < self._away_until:
            self._count(operation, "away", 0)
            raise StoreAway(self.told)
        try:  # tries that a later one makes good are counted, and not told
            result = self._repeated(operation, action, part)
        except StoreAway as error:
            if self.is_closed:  # which says nothing of the store
                raise
            self.told = error.message if quietly else self.health.went_away(error.message)
            self._away_until = self._monotonic() + AWAY_SECONDS
            raise StoreAway(self.told) from error
        except Unusable as error:
            if not quietly:
                self.health.refused(operation, error.message)
            raise
        self.health.answered(operation)
        return result

    def _repeated(self, operation: str, action: Callable[[], T], part: Path | None) -> T | None:
        for pause in (*PAUSES, None):
            try:
                return action()
            except (StoreAway, Unusable):
                raise
            except CancelledError:
                raise StoreAway(CLOSED) from None
            except Exception as error:
                if part and is_fault_of_disk(error, part):  # which says nothing of the store
                    raise
                failure = failure_of(error, self._scheme)
                if failure.kind is Kind.ABSENT:
                    self._count(operation, "absent", 0)
                    return None
                told = f"the object store {failure.told}"
                self._count(operation, "refused" if failure.kind is Kind.REFUSED else "away", 0)
                if failure.kind is Kind.REFUSED:
                    raise Unusable(told) from error
                if pause is None:
                    raise StoreAway(told) from error
                self._sleep(pause)
        raise AssertionError
