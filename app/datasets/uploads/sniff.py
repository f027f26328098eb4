"""What a file is: by its bytes first, by its name's ending and its content type second."""

import csv
import gzip
import io
import tempfile
import zlib
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import BinaryIO

from app.datasets.uploads.encodings import NAMES, SAMPLE, encoding_of
from app.datasets.uploads.problems import Problem, beyond
from app.wire.datasets import FileFormat, ImportPlan

DELIMITERS = ",;\t|"
_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
_EMPTY_ZIP = b"PK\x05\x06"
_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file; save the sheet as CSV"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"ARROW1", "an Arrow file; write it as Parquet"),
    (b"BZh", "packed with bzip2; .gz is unpacked here"),
    (b"\xfd7zXZ", "packed with xz; .gz is unpacked here"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd; .gz is unpacked here"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    *((b"\x80" + bytes([version]), "a pickle, which is never read") for version in (2, 3, 4, 5)),
)


@dataclass(frozen=True)
class Source:
    """A file, and what it turned out to be."""

    file: BinaryIO  # seekable, unpacked
    format: FileFormat
    bytes: int  # as it came
    size: int  # unpacked
    compressed: bool = False
    encoding: str | None = None  # the codec's name
    delimiter: str | None = None

    @property
    def encoding_name(self) -> str | None:
        """As people call it."""
        return NAMES.get(self.encoding, self.encoding) if self.encoding else None


def sniff(file: BinaryIO, plan: ImportPlan, files: ExitStack) -> Source:
    """What the file is; a packed one is unpacked into a temporary file that has no name, one of `files`.

    Raises:
        Problem: it is empty, too large, or nothing that is read here.
    """
    size = file.seek(0, io.SEEK_END)
    if size > plan.most_bytes:
        raise beyond(plan, "most_bytes", f"the file has {size:,} bytes")
    if not size:
        raise Problem("the file is empty")
    file.seek(0)
    compressed = file.read(2) == _GZIP
    if compressed:
        file = _unpacked(file, plan, files)
    unpacked = file.seek(0, io.SEEK_END)
    if not unpacked:
        raise Problem("the file is empty")
    return _told(Source(file, "csv", size, unpacked, compressed), plan)


def _told(source: Source, plan: ImportPlan) -> Source:
    source.file.seek(0)
    head = source.file.read(16)
    if head.startswith(_PARQUET):
        return replace(source, format="parquet")
    if head.startswith((_ZIP, _EMPTY_ZIP)) and not source.compressed:
        return replace(source, format="zip")
    if head.startswith((_GZIP, _ZIP)):
        raise Problem("the file is an archive within an archive; pack it once")
    for start, name in _OTHERS:
        if head.startswith(start):
            raise Problem(f"the file is {name}; read are CSV, TSV, JSON, JSON Lines, Parquet, and zips of pictures")
    encoding = encoding_of(source.file)
    source.file.seek(0)
    text = source.file.read(SAMPLE).decode(encoding, "replace")
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if not first and source.size <= SAMPLE:
        raise Problem("the file is empty: it holds white space alone")
    if first in {"[", "{"} and not _is_table(text, plan):
        return replace(source, format="json" if first == "[" else "jsonl", encoding=encoding)
    delimiter = delimiter_of(text, prefers_tab=_ending(plan).endswith(".tsv") or "tab-sep" in plan.content_type)
    return replace(source, format="tsv" if delimiter == "\t" else "csv", encoding=encoding, delimiter=delimiter)


def _is_table(text: str, plan: ImportPlan) -> bool:
    """A CSV whose first column's name begins with a bracket: only if its name says so, and it is no JSON."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    return _ending(plan).endswith((".csv", ".tsv")) and '"' not in first and len(first.strip()) > 1


def _ending(plan: ImportPlan) -> str:
    return plan.filename.lower().removesuffix(".gz")[-8:]


def _unpacked(file: BinaryIO, plan: ImportPlan, files: ExitStack) -> BinaryIO:
    """A gzip's content. What unpacks to more than may be uploaded is refused while it is unpacked."""
    file.seek(0)
    target: BinaryIO = files.enter_context(tempfile.TemporaryFile(dir=plan.folder))  # noqa: SIM115 - which closes it
    size = 0
    try:
        with gzip.GzipFile(fileobj=file) as packed:
            while chunk := packed.read(2**20):
                size += len(chunk)
                if size > plan.most_bytes:
                    raise beyond(plan, "most_bytes", "the file unpacks to too many bytes")
                target.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise Problem("the file is a damaged .gz, or not all of it is there") from error
    target.flush()
    return target


def delimiter_of(text: str, *, prefers_tab: bool = False) -> str:
    """Which of the usual delimiters parts these first lines most evenly."""
    if len(text) >= SAMPLE // 4 and "\n" in text:
        text = text[: text.rindex("\n") + 1]  # the last line may be cut
    best, delimiter = (0.0, 0), "\t" if prefers_tab else ","
    for each in "\t,;|" if prefers_tab else DELIMITERS:
        try:
            rows = [len(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=each) if row]
        except csv.Error:  # of a cell that is too long: all of them will find it
            continue
        if not rows or rows[0] < 2:
            continue
        cells, share = rows[0], Counter(rows)[rows[0]] / len(rows)
        if (round(share, 1), cells) > best:
            best, delimiter = (round(share, 1), cells), each
    return delimiter
