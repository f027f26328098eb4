"""Artifacts as zip files, which hold nothing that has not its checksum."""

import hashlib
import os
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from app.errors import ArtifactInvalid, Unavailable
from app.wire.manifests import MANIFEST, FileRecord

PIECE = 2**18  # bytes of a file that are in memory at once
EARLIEST = 315_532_800  # 1 January 1980, seconds since 1970: zip files know no time before it


def of(folder: Path, records: Mapping[str, FileRecord]) -> IO[bytes]:
    """A model's manifest and the files of these records, as a zip file on the disk, to be read from its beginning.

    Raises:
        ArtifactInvalid: one is missing, or does not have the checksum of its record.
        Unavailable: there is no room for the archive.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - handed on
    try:
        write(file, [folder / name for name in (MANIFEST, *records)], records)
    except ArtifactInvalid:
        file.close()
        raise
    except OSError as error:
        file.close()
        raise Unavailable("the archive cannot be written now") from error
    file.seek(0)
    return file


def write(target: IO[bytes], files: Sequence[Path], records: Mapping[str, FileRecord]) -> None:
    """Put the files of one model, which lie in a folder of its id, into a zip file; `records` by their names.

    Raises:
        ArtifactInvalid: one is missing, or does not have the checksum of its record.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # weights hardly shrink
        for file in files:
            model_id, record = file.parent.name, records.get(file.name)
            with _opened(file, model_id) as source:
                digest = _pack(source, archive, f"{model_id}/{file.name}")
            if record and digest != record.sha256:
                raise ArtifactInvalid(f"{file.name} of model {model_id} does not have its checksum")


def _opened(path: Path, model_id: str) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise ArtifactInvalid(f"a file of model {model_id} is missing") from error


def _pack(source: IO[bytes], archive: zipfile.ZipFile, name: str) -> str:
    """Copy a file into the archive under this name, piece by piece; the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    entry = zipfile.ZipInfo(name, time.gmtime(max(os.fstat(source.fileno()).st_mtime, EARLIEST))[:6])
    entry.external_attr = 0o644 << 16
    with archive.open(entry, "w", force_zip64=True) as packed:
        while piece := source.read(PIECE):
            digest.update(piece)
            packed.write(piece)
    return digest.hexdigest()
