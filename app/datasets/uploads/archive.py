"""Pictures of a zip, in folders that are their labels. Nothing is unpacked onto the disk; no name is a path here."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from app.datasets.uploads.problems import Problem, at, beyond
from app.datasets.uploads.reading import Batch
from app.datasets.uploads.roles import SPLIT_WORDS
from app.datasets.uploads.sniff import Source
from app.wire.datasets import Fault, ImportPlan

MOST_ENTRIES = 200_000  # each takes a kilobyte of memory
MOST_PICTURE = 24_000_000  # bytes of a file
BATCH = 64  # pictures
BATCH_BYTES = 32_000_000  # of a batch: it ends after them
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x06"
_TAIL = 65_557 + 76  # bytes in which an archive's end must be
_UNSEEN = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_NESTED = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".bz2", ".xz", ".jar")
_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")


class ArchiveReader:
    """Pictures, their labels, and their splits if the archive has folders for them."""

    def __init__(self, source: Source, plan: ImportPlan) -> None:
        """Reads the names.

        Raises:
            Problem: it is no archive of pictures in folders, or one that is made to do harm.
        """
        self._source, self._plan = source, plan
        _check_count(source, plan)
        try:
            self._zip = zipfile.ZipFile(source.file)
        except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError) as error:
            raise Problem("the file is a damaged zip, or not all of it is there") from error
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        self._entries = [(place, entry) for place, entry in enumerate(entries, 1) if not _UNSEEN.search(_name(entry))]
        self._check(entries)
        splits = [_split(_name(entry)) for _, entry in self._entries]
        self._has_splits = len({split for split in splits if split}) == 2 and all(splits)
        self.names = ["image", "label", *(["split"] if self._has_splits else [])]

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        names = [_name(entry) for entry in entries]
        for place, (entry, name) in enumerate(zip(entries, names, strict=True), 1):
            if reason := _harm(entry, name):
                raise at(place, reason, name[:80])
        if sum(entry.file_size for entry in entries) > self._plan.most_bytes:
            raise beyond(self._plan, "most_bytes", "the archive unpacks to too many bytes")
        if "[Content_Types].xml" in names:
            raise Problem("the file is an Excel or Word file; save the sheet as CSV")
        if not self._entries:
            raise Problem("the archive holds no files")
        if all(name.lower().endswith(_TABLES) for _, entry in self._entries for name in [_name(entry)]):
            raise Problem("the archive holds tables; zips are read if they hold pictures. Unpack it, or pack it as .gz")

    def batches(self, *, look: bool) -> Iterator[Batch]:
        """The pictures' bytes; empty ones when only the labels are looked at."""
        done = size = 0
        batch = Batch([], [[] for _ in self.names])
        for place, entry in self._entries:
            self._add(batch, place, entry, look=look)
            done, size = done + entry.compress_size, size + entry.file_size
            if len(batch.lines) + len(batch.faults) >= BATCH or size >= BATCH_BYTES:
                batch.done = min(done, self._source.size)
                yield batch
                batch, size = Batch([], [[] for _ in self.names]), 0
        batch.done = self._source.size
        yield batch

    def _add(self, batch: Batch, place: int, entry: zipfile.ZipInfo, *, look: bool) -> None:
        name = _name(entry)
        label, content = _label(name), b""
        reason = None if label else "lies in no folder; the folder's name is the label"
        if not reason and not look:
            content, reason = self._content(entry)
        if reason or label is None:
            batch.faults.append(Fault(line=place, column=name, message=reason or ""))
            return
        batch.lines.append(place)
        batch.files.append(name)
        row = (content, label, _split(name))
        for column, value in zip(batch.columns, row, strict=False):
            column.append(value)

    def _content(self, entry: zipfile.ZipInfo) -> tuple[bytes, str | None]:
        """The bytes, or why there are none."""
        if entry.file_size > MOST_PICTURE:
            return b"", f"has {entry.file_size:,} bytes; the limit of a picture is {MOST_PICTURE:,}"
        try:
            with self._zip.open(entry) as file:
                return file.read(MOST_PICTURE), None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, NotImplementedError):
            return b"", "is damaged, or packed in a way that is not read"


def _check_count(source: Source, plan: ImportPlan) -> None:
    """Hold the number of files that the end of an archive announces to limits, before all of their names are read."""
    source.file.seek(max(0, source.size - _TAIL))
    tail = source.file.read()
    end, end_64 = tail.rfind(_END), tail.rfind(_END_64)
    if end < 0 or len(tail) < end + 22:
        raise Problem("the file is a damaged zip, or not all of it is there")
    count, size = struct.unpack("<H", tail[end + 10 : end + 12])[0], struct.unpack("<I", tail[end + 12 : end + 16])[0]
    if end_64 >= 0 and len(tail) >= end_64 + 56:
        count = max(count if count < 0xFFFF else 0, struct.unpack("<Q", tail[end_64 + 32 : end_64 + 40])[0])
        size = struct.unpack("<Q", tail[end_64 + 40 : end_64 + 48])[0]
    if count > plan.most_rows:
        raise beyond(plan, "most_rows", f"the archive has {count:,} files")
    if count > MOST_ENTRIES or (size < 0xFFFFFFFF and size > MOST_ENTRIES * 1_000):
        raise Problem(f"the archive has {count:,} files; the limit is {MOST_ENTRIES:,} pictures at once")


def _name(entry: zipfile.ZipInfo) -> str:
    return entry.filename.replace("\\", "/")


def _harm(entry: zipfile.ZipInfo, name: str) -> str | None:
    parts = name.split("/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "the name is absolute; names within an archive are relative"
    if ".." in parts:
        return "the name leads out of the archive"
    if any(ord(char) < 32 or ord(char) == 127 for char in name) or len(name) > 500:
        return "the name holds control characters, or has more than 500 characters"
    if name.lower().endswith(_NESTED):
        return "is an archive within the archive"
    if entry.flag_bits & 1:
        return "is encrypted"
    return None


def _folders(name: str) -> list[str]:
    return name.split("/")[:-1]


def _label(name: str) -> str | None:
    """The folder that a picture lies in, if it is not the split's."""
    folders = _folders(name)
    return folders[-1] if folders and folders[-1].strip() and folders[-1].lower() not in SPLIT_WORDS else None


def _split(name: str) -> str | None:
    """What a folder above the label's says."""
    return next((SPLIT_WORDS[part.lower()] for part in _folders(name)[:-1] if part.lower() in SPLIT_WORDS), None)
