"""The artifact store: whole artifacts or none, and no altered ones."""

import errno
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.artifacts.store import PREPROCESSING, STAGING, WEIGHTS, Artifact, ArtifactStore
from app.errors import ArtifactInvalid, Unavailable
from app.settings import REPOSITORY
from app.wire.manifests import FORMAT_VERSION, MANIFEST, Manifest
from tests.support.artifacts import publish_artifact

TASK = "housing"
FILES = (PREPROCESSING, WEIGHTS)

# Publishes a staged artifact and dies without any clean-up at the n-th time that something is forced to the disk.
CRASH = """
import os, sys
from pathlib import Path
from app.wire.manifests import MANIFEST, Manifest
from app.artifacts.store import ArtifactStore
staging, fsyncs, calls = Path(sys.argv[2]), int(sys.argv[3]), 0
def fsync(descriptor):
    global calls
    calls += 1
    if calls == fsyncs:
        os._exit(9)
os.fsync = fsync
ArtifactStore(Path(sys.argv[1])).publish(staging, Manifest.model_validate_json(sys.stdin.read()))
"""

COPY = """
import sys
from pathlib import Path
from app.artifacts.store import ArtifactStore
store, other = ArtifactStore(Path(sys.argv[1])), ArtifactStore(Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
store.copy_from(other, "housing", sys.argv[3])
store.open("housing", sys.argv[3])
"""


@pytest.fixture
def published(store: ArtifactStore) -> Manifest:
    return publish_artifact(store, TASK)


@pytest.fixture
def folder(store: ArtifactStore, published: Manifest) -> Path:
    return store.path(TASK, published.id)


def rewrite_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    change(content)
    (folder / MANIFEST).write_text(json.dumps(content), encoding="utf-8")


def staged(store: ArtifactStore, token: str = "t") -> Path:
    """A staging folder with the files of an artifact, without a manifest."""
    staging = store.stage(token)
    np.savez(staging / WEIGHTS, kernel=np.ones((13, 1), np.float32))
    (staging / PREPROCESSING).write_text("{}", encoding="utf-8")
    return staging


def reopened(store: ArtifactStore, published: Manifest, name: str, content: bytes) -> Artifact:
    """An artifact one file of which is replaced *before* publishing, so that its checksum is right."""
    staging = staged(store)
    (staging / name).write_bytes(content)
    manifest = store.publish(staging, published.model_copy(update={"id": "m-replaced"}))
    return store.open(TASK, manifest.id)


def files_under(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def python(script: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=REPOSITORY, text=True, stdin=subprocess.PIPE, **options)


def test_what_is_published_can_be_opened(store: ArtifactStore, published: Manifest) -> None:
    artifact = store.open(TASK, published.id)

    assert published == artifact.manifest
    assert {"0/kernel", "0/bias"} == set(artifact.weights)
    assert "standardized" == artifact.preprocessing["kind"]


def test_the_manifest_alone_can_be_read(store: ArtifactStore, published: Manifest) -> None:
    assert published == store.manifest(TASK, published.id)


def test_the_manifest_lists_every_other_file(published: Manifest, folder: Path) -> None:
    assert {*published.files, MANIFEST} == files_under(folder)
    assert {name: (folder / name).stat().st_size for name in FILES} == {
        name: record.bytes for name, record in published.files.items()
    }


def test_publishing_leaves_no_staging(store: ArtifactStore, published: Manifest) -> None:
    assert [] == list((store.root / STAGING).iterdir())
    assert [(TASK, published.id)] == list(store.published())


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_byte_is_noticed(store: ArtifactStore, published: Manifest, folder: Path, name: str) -> None:
    """Wherever it is: at the start, in the middle, at the end."""
    whole = (folder / name).read_bytes()
    for place in (0, len(whole) // 2, len(whole) - 1):
        altered = bytearray(whole)
        altered[place] ^= 1
        (folder / name).write_bytes(altered)

        with pytest.raises(ArtifactInvalid, match=f"{name} of model {published.id} does not have its checksum"):
            store.open(TASK, published.id)
        with pytest.raises(ArtifactInvalid, match=f"{name} of model {published.id} does not have its checksum"):
            store.verify(TASK, published.id)
    (folder / name).write_bytes(whole)
    store.verify(TASK, published.id)
    assert published == store.open(TASK, published.id).manifest


@pytest.mark.parametrize("name", FILES)
def test_a_shortened_file_is_noticed(store: ArtifactStore, published: Manifest, folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])

    with pytest.raises(ArtifactInvalid, match="checksum"):
        store.open(TASK, published.id)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_missing_file_is_noticed(store: ArtifactStore, published: Manifest, folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(ArtifactInvalid, match=published.id):
        store.open(TASK, published.id)
    with pytest.raises(ArtifactInvalid, match=published.id):
        store.archive(TASK, published.id)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_the_manifest_does_not_list_does_not_count(
    store: ArtifactStore, published: Manifest, folder: Path, name: str
) -> None:
    """Unlisted means unchecked, so it is not read."""
    rewrite_manifest(folder, lambda content: content["files"].pop(name))

    with pytest.raises(ArtifactInvalid, match=published.id):
        store.open(TASK, published.id)


@pytest.mark.parametrize("version", [0, 2, None, "1", 1.5])
def test_another_format_version_is_refused_by_name(
    store: ArtifactStore, published: Manifest, folder: Path, version: object
) -> None:
    """Before anything else, since the rest of the manifest may have changed its meaning."""

    def change(content: dict[str, Any]) -> None:
        content.clear()
        content["format_version"] = version

    rewrite_manifest(folder, change)

    with pytest.raises(ArtifactInvalid, match=f"format {version!r}; this release reads {FORMAT_VERSION}"):
        store.manifest(TASK, published.id)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"3", b'"text"', b"\xff\xfe\x00", b'{"format_version": 1}', b"{} {}", b"\x00" * 100],
)
def test_a_manifest_of_garbage_is_refused(
    store: ArtifactStore, published: Manifest, folder: Path, content: bytes
) -> None:
    (folder / MANIFEST).write_bytes(content)

    for read in (store.manifest, store.open, store.archive):
        with pytest.raises(ArtifactInvalid, match=published.id):
            read(TASK, published.id)


def test_there_is_no_artifact_without_a_folder(store: ArtifactStore) -> None:
    for read in (store.manifest, store.open, store.archive):
        with pytest.raises(ArtifactInvalid, match="m-none"):
            read(TASK, "m-none")


def pickled_array() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, kernel=np.array([{"a": 1}], dtype=object))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [pickled_array(), pickle.dumps({"0/kernel": 1})], ids=["array", "whole file"])
def test_pickled_weights_are_refused(store: ArtifactStore, published: Manifest, content: bytes) -> None:
    """Loading a pickle runs whatever it says."""
    with pytest.raises(ArtifactInvalid, match="weights of model m-replaced"):
        reopened(store, published, WEIGHTS, content)


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3, np.float32))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK", b"weights", npy()], ids=["empty", "short", "text", "npy"])
def test_weights_in_another_form_are_refused(store: ArtifactStore, published: Manifest, content: bytes) -> None:
    """The checksum fits, as in an artifact that was written by something else."""
    with pytest.raises(ArtifactInvalid):
        reopened(store, published, WEIGHTS, content)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_preprocessing_that_is_not_json_is_refused(store: ArtifactStore, published: Manifest, content: bytes) -> None:
    with pytest.raises(ArtifactInvalid):
        reopened(store, published, PREPROCESSING, content)


def test_staging_anew_starts_empty(store: ArtifactStore) -> None:
    """A second attempt with the same lease must not find the remains of the first."""
    (store.stage("t") / "left-over").touch()

    assert [] == list(store.stage("t").iterdir())
    assert store.staging("t") == store.stage("t")


@pytest.mark.parametrize("fsyncs", [1, 4])
def test_a_crash_before_the_rename_leaves_nothing_visible(
    store: ArtifactStore, published: Manifest, fsyncs: int
) -> None:
    """The process ends at the first file, or at the last step before the rename."""
    manifest = published.model_copy(update={"id": "m-crashed"})
    crashed = python(CRASH, store.root, staged(store), fsyncs)
    crashed.communicate(manifest.model_dump_json(), timeout=60)

    assert 9 == crashed.returncode
    assert [(TASK, published.id)] == list(store.published())
    assert not store.path(TASK, "m-crashed").exists()
    assert [store.staging("t")] == store.sweep(lambda _: False, older_than=time.time() + 60)
    assert [] == list((store.root / STAGING).iterdir())


def test_a_crash_after_the_rename_leaves_a_whole_artifact(store: ArtifactStore, published: Manifest) -> None:
    crashed = python(CRASH, store.root, staged(store), 5)
    crashed.communicate(published.model_copy(update={"id": "m-crashed"}).model_dump_json(), timeout=60)

    assert 9 == crashed.returncode
    assert "m-crashed" == store.open(TASK, "m-crashed").manifest.id


def test_an_artifact_is_never_overwritten(store: ArtifactStore, published: Manifest) -> None:
    with pytest.raises(OSError, match="not empty"):
        store.publish(staged(store), published)

    assert published == store.open(TASK, published.id).manifest


def test_what_is_discarded_is_gone(store: ArtifactStore, published: Manifest, folder: Path) -> None:
    store.discard(folder)
    store.discard(folder)  # nothing to do, and no error

    assert [] == list(store.published())
    with pytest.raises(ArtifactInvalid):
        store.open(TASK, published.id)


@pytest.fixture
def other(tmp_path: Path) -> ArtifactStore:
    """Another folder, such as that of the bundled models."""
    return ArtifactStore(tmp_path / "other")


def test_a_copy_is_the_same_artifact(store: ArtifactStore, other: ArtifactStore) -> None:
    manifest = publish_artifact(other, TASK)
    store.copy_from(other, TASK, manifest.id)

    assert manifest == store.open(TASK, manifest.id).manifest
    assert files_under(other.path(TASK, manifest.id)) == files_under(store.path(TASK, manifest.id))
    assert [] == list((store.root / STAGING).iterdir())


def test_copying_twice_is_once(store: ArtifactStore, other: ArtifactStore) -> None:
    manifest = publish_artifact(other, TASK)
    store.copy_from(other, TASK, manifest.id)
    before = store.path(TASK, manifest.id).stat().st_ino
    store.copy_from(other, TASK, manifest.id)

    assert before == store.path(TASK, manifest.id).stat().st_ino
    assert [] == list((store.root / STAGING).iterdir())


def test_processes_that_copy_at_once_all_find_it(store: ArtifactStore, other: ArtifactStore) -> None:
    """API processes that start together do that."""
    manifest = publish_artifact(other, TASK)
    processes = [python(COPY, store.root, other.root, manifest.id, stdout=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        assert process.stdout
        assert "ready\n" == process.stdout.readline()
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)

    assert [0, 0, 0] == [process.returncode for process in processes]
    assert manifest == store.open(TASK, manifest.id).manifest
    assert [] == list((store.root / STAGING).iterdir())


def test_a_fresh_copy_counts_as_new(store: ArtifactStore, other: ArtifactStore) -> None:
    """Else a sweep that meets it before it has its row, or while it is staged, removes it."""
    manifest = publish_artifact(other, TASK)
    long_ago = time.time() - 10**6
    os.utime(other.path(TASK, manifest.id), (long_ago, long_ago))
    store.copy_from(other, TASK, manifest.id)

    assert [] == store.sweep(lambda _: True, older_than=time.time() - 3600)


def test_a_damaged_artifact_is_not_copied_in_part(store: ArtifactStore, other: ArtifactStore) -> None:
    """It is tried again twice a second until it is mended: that must not keep the disk busy."""
    manifest = publish_artifact(other, TASK)
    (other.path(TASK, manifest.id) / max(manifest.files)).write_bytes(b"altered")

    with pytest.raises(ArtifactInvalid, match="checksum"):
        store.copy_from(other, TASK, manifest.id)

    assert not (store.root / STAGING).exists()


def test_a_copy_that_cannot_be_put_in_place_says_so(store: ArtifactStore, other: ArtifactStore) -> None:
    """Only one reason to fail means that the artifact is here: that another process was first."""
    manifest = publish_artifact(other, TASK)
    (store.root / TASK).mkdir(parents=True)
    store.path(TASK, manifest.id).symlink_to("nowhere")

    with pytest.raises(OSError, match=manifest.id):
        store.copy_from(other, TASK, manifest.id)


def aged(path: Path) -> Path:
    """The folder as if it had been left alone since 1970."""
    os.utime(path, (0, 0))
    return path


def test_a_sweep_removes_old_staging_only(store: ArtifactStore) -> None:
    old, young = aged(staged(store, "old")), staged(store, "young")

    assert [old] == store.sweep(lambda _: False, older_than=time.time() - 3600)
    assert (False, True) == (old.exists(), young.exists())


def test_a_sweep_removes_known_orphans_only(store: ArtifactStore) -> None:
    orphan, kept = publish_artifact(store, TASK), publish_artifact(store, TASK, seed=1)
    for manifest in (orphan, kept):
        aged(store.path(TASK, manifest.id))
    removed = store.sweep(lambda manifest: manifest.id == orphan.id, older_than=time.time() - 3600)

    assert [store.path(TASK, orphan.id)] == removed
    assert [(TASK, kept.id)] == list(store.published())


def test_a_sweep_keeps_young_orphans(store: ArtifactStore, published: Manifest) -> None:
    """One that was renamed a moment ago gets its row in a moment."""
    assert [] == store.sweep(lambda _: True, older_than=time.time() - 3600)
    assert [(TASK, published.id)] == list(store.published())


@pytest.mark.parametrize("content", [b"garbage", b"{}", b'{"format_version": 2}', None])
def test_a_sweep_keeps_what_it_cannot_read(
    store: ArtifactStore, published: Manifest, folder: Path, content: bytes | None
) -> None:
    """It may be of a later release, or of somebody who will repair it."""
    if content is None:
        (folder / MANIFEST).unlink()
    else:
        (folder / MANIFEST).write_bytes(content)
    aged(folder)

    assert [] == store.sweep(lambda _: True, older_than=time.time())
    assert folder.exists()


def test_a_sweep_of_no_folder_removes_nothing(tmp_path: Path) -> None:
    assert [] == ArtifactStore(tmp_path / "missing").sweep(lambda _: True, older_than=time.time())


def test_an_archive_holds_all_files(store: ArtifactStore, published: Manifest, folder: Path, tmp_path: Path) -> None:
    with store.archive(TASK, published.id) as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")

    unpacked = tmp_path / "unpacked" / published.id
    assert files_under(folder) == files_under(unpacked)
    assert {name: (folder / name).read_bytes() for name in files_under(folder)} == {
        name: (unpacked / name).read_bytes() for name in files_under(unpacked)
    }


def test_an_unpacked_archive_can_be_opened(store: ArtifactStore, other: ArtifactStore, published: Manifest) -> None:
    (other.root / TASK).mkdir(parents=True)
    with store.archive(TASK, published.id) as file, zipfile.ZipFile(file) as archive:
        archive.extractall(other.root / TASK)

    assert published == other.open(TASK, published.id).manifest


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c[: len(c) // 2], lambda c: c[:0], lambda c: c + b"x",
                                    lambda c: bytes([c[0] ^ 1]) + c[1:]])  # fmt: skip
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_in_no_archive(
    store: ArtifactStore, published: Manifest, folder: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    """As it is in no predictor: cut off, longer or altered."""
    (folder / name).write_bytes(damage((folder / name).read_bytes()))

    with pytest.raises(ArtifactInvalid, match=f"{name} of model {published.id} does not have its checksum"):
        store.archive(TASK, published.id)


def test_large_files_are_archived_piece_by_piece(store: ArtifactStore) -> None:
    """Of 24 MiB no more than a few pieces are in memory."""
    staging = store.stage("large")
    manifest = publish_artifact(store, TASK).model_copy(update={"id": "m-large"})
    (staging / WEIGHTS).write_bytes(os.urandom(24 * 2**20))
    store.publish(staging, manifest)
    tracemalloc.start()

    with store.archive(TASK, "m-large") as file:
        peak = tracemalloc.get_traced_memory()[1]
        assert file.seek(0, os.SEEK_END) > 24 * 2**20

    tracemalloc.stop()
    assert peak < 4 * 2**20


def test_an_archive_that_finds_no_room_is_told_as_such(
    store: ArtifactStore, published: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full, the model is whole: that is no damage."""

    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")

    monkeypatch.setattr("tempfile.TemporaryFile", Full)
    with pytest.raises(Unavailable, match="the archive cannot be written now"):
        store.archive(TASK, published.id)


def test_files_older_than_zip_knows_are_archived(store: ArtifactStore, published: Manifest, folder: Path) -> None:
    os.utime(folder / WEIGHTS, (0, 0))

    with store.archive(TASK, published.id) as file, zipfile.ZipFile(file) as archive:
        assert (1980, 1, 1, 0, 0, 0) == archive.getinfo(f"{published.id}/{WEIGHTS}").date_time


def test_bundled_models_are_named_in_a_file(store: ArtifactStore) -> None:
    assert {} == store.bundled()
    store.root.mkdir(parents=True)
    (store.root / "bundled.json").write_text('{"housing": "m-1"}', encoding="utf-8")

    assert {"housing": "m-1"} == store.bundled()


def test_other_folders_are_no_artifacts(store: ArtifactStore, published: Manifest) -> None:
    """Neither staging, which is hidden, nor folders without a manifest."""
    shutil.copytree(store.path(TASK, published.id), store.root / STAGING / "t")
    (store.root / TASK / "empty").mkdir()

    assert [(TASK, published.id)] == list(store.published())
