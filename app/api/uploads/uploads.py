"""Uploads under way: so many at once, each with a thread of its own; nothing of one that is cut off stays."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from app.api.uploads.body import FILE, Body, MultipartBody, RawBody
from app.api.uploads.importer import COMMAND, Importer, unwritable
from app.domain.counting import counted
from app.errors import DenselyError, InvalidInput, Overloaded, Unavailable
from app.wire.datasets import ImportPlan, ImportResult

T = TypeVar("T")

AT_ONCE = 2**20  # bytes that are written in one go


@dataclass
class Received:
    """What has come: a file without a name on the disk, and the fields beside it."""

    file: IO[bytes]
    fields: dict[str, str]
    filename: str
    content_type: str
    receive: Receive  # says when the client has gone


class Uploads:
    """Receives files and has them read."""

    def __init__(self, folder: Path, most: int, seconds: float = 3_600.0, command: tuple[str, ...] = COMMAND) -> None:
        """`folder`: where files lie while they come; `most`: uploads at once; `seconds` that reading one may take."""
        self._folder = folder
        self._most = most
        self._seconds = seconds
        self._command = command
        self._under_way = 0
        self._closed = False
        self._importers: set[Importer] = set()
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="upload")

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[Received]:
        """The request's file, for as long as it is needed.

        Raises:
            Overloaded: too many uploads are under way.
            InvalidInput, MalformedBody: there is no file, or the body is not what it says.
            Unusable: the disk does not take it.
            ClientDisconnect: the client has gone.
        """
        if self._under_way >= self._most:
            told = f"{counted(self._most, 'upload is', 'uploads are')} under way already"
            raise Overloaded(f"{told} (DENSELY_MAX_UPLOADS); try again in a moment")
        self._under_way += 1
        file: IO[bytes] | None = None
        try:
            file = await self.in_thread(self._open)
            yield await self._receive(request, file)
        finally:
            self._under_way -= 1
            if file is not None:
                await asyncio.shield(self.in_thread(lambda: _close(file)))  # frees what may be gigabytes

    async def imported(self, received: Received, plan: ImportPlan) -> ImportResult:
        """What the reading process makes of a file.

        Raises:
            InvalidInput: nothing can be made of it; its errors name columns and lines. Or it takes too long.
            Conflict: the rows that it is to be added to are gone.
            Unusable: the disk does not take what is made of it.
            Unavailable: the process has died, or the service stops.
            ClientDisconnect: the client has gone; then the process has too.
        """
        importer = Importer(self._folder, self._command, self._seconds)
        self._importers.add(importer)
        if self._closed:
            importer.kill()
        running = asyncio.ensure_future(self.in_thread(lambda: importer.run(received.file, plan)))
        leaving = asyncio.ensure_future(_gone(received.receive))
        try:
            await asyncio.wait([running, leaving], return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise ClientDisconnect
            return running.result()
        finally:
            leaving.cancel()
            importer.kill()
            self._importers.discard(importer)
            with suppress(DenselyError):
                await asyncio.shield(running)  # it has to be dead before its file is closed

    def close(self) -> None:
        """The service stops: end what is under way."""
        self._closed = True
        for importer in list(self._importers):
            importer.kill()

    def _open(self) -> IO[bytes]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryFile(dir=self._folder)
        except OSError as error:
            raise unwritable(error.errno) from error

    async def _receive(self, request: Request, file: IO[bytes]) -> Received:
        kind = request.headers.get("content-type", "")
        body: Body = (MultipartBody if kind.lstrip().lower().startswith("multipart/") else RawBody)(file, kind)
        pieces: list[bytes] = []
        size, more = 0, True
        while more:
            message = await request.receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            if self._closed:
                raise Unavailable("the service stops")
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            more = message.get("more_body", False)
            if size >= AT_ONCE or not more:
                await self.in_thread(partial(_feed, body, pieces))
                pieces, size = [], 0
        await self.in_thread(lambda: _finish(body, file))
        if not body.has_file:
            raise InvalidInput("is needed: the rows, as one part of that name or as the whole body", field=FILE)
        return Received(file, body.fields, body.filename, body.content_type, request.receive)

    async def in_thread(self, action: Callable[[], T]) -> T:
        """What it returns, from a thread of uploads, which holds up no other call."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, action)


def _feed(body: Body, pieces: list[bytes]) -> None:
    try:
        body.feed(pieces)
    except OSError as error:
        raise unwritable(error.errno) from error


def _finish(body: Body, file: IO[bytes]) -> None:
    body.finish()
    try:
        file.flush()
    except OSError as error:
        raise unwritable(error.errno) from error


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # what could not be written is wanted no more
        file.close()


async def _gone(receive: Receive) -> None:
    """Until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
