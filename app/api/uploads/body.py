"""A body that holds a file, as it comes: the file goes to the disk, the fields beside it stay in memory."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import InvalidInput, MalformedBody

MOST_FIELDS = 1_100  # parts: a mapping of all columns, and some
MOST_BYTES = 2**20  # of all fields, as of any body without a file
MOST_HEAD = 2**14  # bytes of the head of a part
FILE = "file"


class Body(Protocol):
    """Takes a body in pieces."""

    fields: dict[str, str]  # beside the file
    filename: str
    content_type: str  # of the file
    has_file: bool

    def feed(self, pieces: Sequence[bytes]) -> None:
        """The next pieces.

        Raises:
            InvalidInput, MalformedBody: this is none.
            OSError: the disk does not take it.
        """

    def finish(self) -> None:
        """There is no more. The same errors."""


class RawBody:
    """The body is the file."""

    def __init__(self, file: IO[bytes], content_type: str) -> None:
        self.fields: dict[str, str] = {}
        self.filename, self.content_type = "", content_type
        self.has_file = False
        self._file = file

    def feed(self, pieces: Sequence[bytes]) -> None:
        """To the disk."""
        for piece in pieces:
            self.has_file = self.has_file or bool(piece)
            self._file.write(piece)

    def finish(self) -> None:
        """Nothing else to do."""


class MultipartBody:
    """`multipart/form-data` (RFC 7578): one part is the file, the others are fields."""

    def __init__(self, file: IO[bytes], content_type: str) -> None:
        """
        Raises:
            MalformedBody: `content_type` names no boundary.
        """
        self.fields: dict[str, str] = {}
        self.filename = self.content_type = ""
        self.has_file = False
        self._file = file
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not 0 < len(boundary) <= 70:
            raise MalformedBody("the body is multipart/form-data without a boundary")
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._take("_field"),
            "on_header_value": self._take("_value"),
            "on_header_end": self._header,
            "on_headers_finished": self._headers,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finished,
        }
        self._parser = MultipartParser(boundary, callbacks)
        self._parts = self._bytes = 0
        self._ended = False
        self._begin_part()

    def feed(self, pieces: Sequence[bytes]) -> None:
        """Take it apart."""
        try:
            for piece in pieces:
                self._parser.write(piece)
        except FormParserError as error:
            raise MalformedBody(f"the body is no multipart/form-data: {error}") from error

    def finish(self) -> None:
        """See whether it is whole."""
        with suppress(FormParserError):
            self._parser.finalize()
        if not self._ended:
            raise MalformedBody("the body ends before its last part does")

    def _begin_part(self) -> None:
        self._field, self._value = b"", b""
        self._head: dict[bytes, bytes] = {}
        self._head_bytes = 0
        self._name = ""
        self._content: list[bytes] = []

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_FIELDS:
            raise InvalidInput(f"has more than {MOST_FIELDS:,} parts", field="body")
        self._begin_part()

    def _take(self, name: str) -> Callable[[bytes, int, int], None]:
        def take(data: bytes, start: int, end: int) -> None:
            self._head_bytes += end - start
            if self._head_bytes > MOST_HEAD:
                raise InvalidInput(f"has a part whose head has more than {MOST_HEAD:,} bytes", field="body")
            setattr(self, name, getattr(self, name) + data[start:end])

        return take

    def _header(self) -> None:
        self._head[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _headers(self) -> None:
        _, options = parse_options_header(self._head.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if not self._name:
            raise MalformedBody("the body has a part without a name")
        if self._name == FILE:
            if self.has_file:
                raise InvalidInput("is given more than once", field=FILE)
            self.has_file = True
            self.filename = options.get(b"filename", b"").decode("utf-8", "replace")[:300]
            self.content_type = self._head.get(b"content-type", b"").decode("latin-1")[:200]
        elif self._name in self.fields:
            raise InvalidInput("is given more than once", field=self._name[:100])

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == FILE:
            self._file.write(data[start:end])
            return
        self._bytes += end - start
        if self._bytes > MOST_BYTES:
            raise InvalidInput(f"the fields beside the file have more than {MOST_BYTES // 2**20} MiB", field="body")
        self._content.append(data[start:end])

    def _end(self) -> None:
        if self._name != FILE:
            try:
                self.fields[self._name] = b"".join(self._content).decode()
            except UnicodeDecodeError as error:
                raise InvalidInput("is not UTF-8", field=self._name[:100]) from error

    def _finished(self) -> None:
        self._ended = True
