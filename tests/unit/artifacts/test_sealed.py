"""Sealed files: what comes back is what was written, or an error."""

import functools
import io
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.artifacts.sealed import MANIFEST, SEAL, SealedReader, SealedWriter, write_out
from app.errors import BackupInvalid
from app.wire.manifests import FileRecord

FIRST = {"a": b"", "b/c.txt": b"some", "b/d": bytes(range(256)) * 5, "ä" * 120: b"a name that tar has no room for"}


def sealed(members: Mapping[str, bytes], manifest: bytes = b"{}") -> bytes:
    target = io.BytesIO()
    writer = SealedWriter(target, lambda _: None)
    for name, content in members.items():
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            file.seek(0)
            writer.add(name, file)
    writer.close(manifest)
    return target.getvalue()


@functools.cache
def first() -> bytes:
    return sealed(FIRST, b'{"a": 1}')


def opened(content: bytes) -> tuple[dict[str, bytes], bytes, SealedReader]:
    reader = SealedReader(io.BytesIO(content), lambda _: None)
    members = {name: _all(source) for name, source in reader.members()}
    return members, reader.finish(), reader


def _all(source: IO[bytes]) -> bytes:
    pieces = []
    while piece := source.read(700):
        pieces.append(piece)
    return b"".join(pieces)


@functools.cache
def _records() -> dict[str, FileRecord]:
    return opened(first())[2].records


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=150).filter(
    lambda name: name.strip("/") == name and name not in (MANIFEST, SEAL)
)


@given(st.dictionaries(NAMES, st.binary(max_size=2_000), max_size=5), st.binary(max_size=100))
def test_what_was_written_comes_back(members: dict[str, bytes], manifest: bytes) -> None:
    found, said, reader = opened(sealed(members, manifest))

    assert (members, manifest) == (found, said)
    assert {name: len(content) for name, content in members.items()} == {
        name: record.bytes for name, record in reader.records.items()
    }


def test_it_is_a_tar_archive_of_files_that_only_their_owner_reads() -> None:
    with tarfile.open(fileobj=io.BytesIO(sealed(FIRST))) as archive:
        assert [*FIRST, MANIFEST, SEAL] == archive.getnames()
        assert {0o600} == {entry.mode for entry in archive}


@given(st.data())
def test_a_byte_that_was_flipped_anywhere_is_noticed_or_means_nothing(data: st.DataObject) -> None:
    """Tar fills its blocks up: what was altered there is nobody's."""
    whole = first()
    altered = bytearray(whole)
    place = data.draw(st.integers(0, len(whole) - 1))
    altered[place] ^= data.draw(st.integers(1, 255))

    try:
        members, manifest, reader = opened(bytes(altered))
    except BackupInvalid:
        return
    assert b'{"a": 1}' == manifest
    # What the manifest says of every checksum is compared by whoever reads it.
    assert reader.records != _records() or members == FIRST


@given(st.integers(min_value=0))
def test_one_that_was_cut_off_is_noticed(length: int) -> None:
    whole = first()
    needed = len(whole.rstrip(b"\0"))

    with pytest.raises(BackupInvalid):
        opened(whole[: length % needed])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_only_files_are_members(kind: bytes) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        entry = tarfile.TarInfo("a")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)

    with pytest.raises(BackupInvalid, match="'a', which is no file"):
        opened(target.getvalue())


@pytest.mark.parametrize("names", [["a", "a"], [MANIFEST, "a"], [MANIFEST, MANIFEST], [MANIFEST, SEAL, SEAL], [SEAL]])
def test_nothing_comes_twice_or_after_the_manifest(names: list[str]) -> None:
    """Else the later one would have taken the place of what the seal was made of."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))

    with pytest.raises(BackupInvalid):
        opened(target.getvalue())


def test_a_source_that_becomes_shorter_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    writer = SealedWriter(io.BytesIO(), lambda _: None)

    with path.open("rb") as file:
        file.seek(50)
        with pytest.raises(OSError, match="unexpected end"):
            writer.add("a", file)


def test_what_is_written_out_never_replaces(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"before")

    with pytest.raises(FileExistsError) as caught:
        write_out(io.BytesIO(b"after"), tmp_path / "a")

    assert str(tmp_path / "a") == caught.value.filename
    assert b"before" == (tmp_path / "a").read_bytes()
