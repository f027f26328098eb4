"""An artifact's files as they were published, or an error."""

import hashlib
import json
from pathlib import Path

from pydantic import ValidationError

from app.errors import ArtifactInvalid
from app.wire.manifests import FORMAT_VERSION, FileRecord, Manifest


def manifest_of(read: bytes, model_id: str) -> Manifest:
    """What a manifest's file says.

    Raises:
        ArtifactInvalid: it is damaged, or of another format version.
    """
    try:
        content = json.loads(read)
        if content.get("format_version") != FORMAT_VERSION:
            raise ArtifactInvalid(
                f"model {model_id} has artifact format {content.get('format_version')!r}; this release reads "
                f"{FORMAT_VERSION}"
            )
        return Manifest.model_validate(content)
    except (ValueError, RecursionError, AttributeError, ValidationError) as error:
        raise ArtifactInvalid(f"the manifest of model {model_id} cannot be read") from error


def record_of(path: Path) -> FileRecord:
    """What a manifest keeps of a file."""
    content = path.read_bytes()
    return FileRecord(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def whole(path: Path, record: FileRecord | None) -> bytes:
    """A file's content, as its record has it.

    Raises:
        ArtifactInvalid: it is missing or altered.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _absent(path, path.parent.name) from error
    if record:
        _check(path, path.parent.name, hashlib.sha256(content).hexdigest(), record)
    return content


def verify(path: Path, record: FileRecord, model_id: str) -> None:
    """Look at a file's checksum; it is read in pieces, however large it is.

    Raises:
        ArtifactInvalid: it is missing or altered.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _absent(path, model_id) from error
    _check(path, model_id, digest, record)


def _absent(path: Path, model_id: str) -> ArtifactInvalid:
    return ArtifactInvalid(f"a file of model {model_id} is missing, or cannot be read: {path.name}")


def _check(path: Path, model_id: str, sha256: str, record: FileRecord) -> None:
    """
    Raises:
        ArtifactInvalid: the file is not the one that was published.
    """
    if sha256 != record.sha256:
        raise ArtifactInvalid(f"{path.name} of model {model_id} does not have its checksum")
