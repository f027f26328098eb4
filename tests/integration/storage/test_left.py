"""What is left in a store that is a folder: looked at without reading it, and what was never finished."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from structlog.testing import capture_logs

from app.artifacts.cached import CachedArtifactStore
from app.datasets.catalog import OWNER_KEY
from app.errors import Unavailable
from app.services.stored import FOOTER, Objects
from app.services.uploading import UploadFolder
from app.storage.remote import open_remote
from tests.support.artifacts import publish_artifact

OLD = 1_000.0  # seconds since 1970
LATER = 2_000.0


class Store:
    """A folder, and a machine that has it for its store."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.read = 0  # bytes that were fetched
        remote = open_remote(f"file://{self.root}", folder / "models", folder / "uploads", 100, count=self._count)
        assert remote is not None
        self.models = CachedArtifactStore(folder / "models", remote)
        self.uploads = UploadFolder(folder / "uploads", remote)

    def _count(self, operation: str, _: str, size: int) -> None:
        self.read += size if operation == "get" else 0

    def add(self, name: str, content: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (OLD, OLD))
        return path

    def objects(self) -> Objects:
        assert self.uploads.stored
        return Objects(self.models, self.uploads.stored)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def rows_of(owner: str, more: int) -> bytes:
    """A file of a megabyte, which says `more` bytes besides whose it is."""
    table = pa.table({"x": np.random.default_rng(0).normal(size=2**17)})
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({OWNER_KEY: owner, b"more": b"m" * more}), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("more", [0, 2 * FOOTER])
def test_whose_rows_are_is_read_from_their_end(store: Store, more: int) -> None:
    content = rows_of("somebody", more)
    store.add("uploads/d-1.parquet", content)
    store.add("uploads/d-2.parquet", b"no rows")

    found = {left.shown.rpartition("/")[2]: left.owner for left in store.objects().uploads(set(), LATER)}

    assert {"d-1.parquet": "somebody", "d-2.parquet": None} == found
    assert store.read < len(content) / 2


@pytest.mark.parametrize("asks", ["known", "is_orphan"])
def test_a_sweep_that_the_database_ends_is_not_told_as_the_stores_failure(store: Store, asks: str) -> None:
    publish_artifact(store.models, "housing")

    def away(*_: object) -> Any:
        raise Unavailable("the database is away")

    def nothing(*_: object) -> Any:
        return ()

    later = time.time() + 60
    known, is_orphan = (away, nothing) if asks == "known" else (nothing, away)
    with capture_logs() as lines, pytest.raises(Unavailable, match="the database is away"):
        store.models.sweep(is_orphan, later, known)
    assert [] == lines


def test_files_that_were_never_finished_are_found_and_swept(store: Store) -> None:
    """They are no objects; those that are still being written stay."""
    parts = [
        store.add(f"{name}.0a1b2c3d.part", b"half") for name in ("models/t/m-1/weights.npz", "uploads/d-1.parquet")
    ]
    young = store.add("models/t/m-2/weights.npz.4e5f6071.part", b"half")
    os.utime(young, (LATER, LATER))
    objects = store.objects()

    found = [*objects.models(set(), LATER, LATER), *objects.uploads(set(), LATER)]

    assert [(f"file://{path}", True) for path in parts] == [(left.shown, left.is_unfinished) for left in found]
    store.models.sweep(lambda _: False, LATER)
    assert [young] == [path for path in store.root.rglob("*") if path.is_file()]
