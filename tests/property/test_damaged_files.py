"""Files that were whole once: damaged anywhere they are a dataset still, or a problem that is told."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.datasets.uploads.importing import import_file
from app.datasets.uploads.problems import Problem
from app.wire.datasets import ImportPlan
from tests.support.uploads import csv_of, tickets

ROWS = tickets(24)


def _parquet(**options: Any) -> bytes:
    target = io.BytesIO()
    columns: dict[str, Any] = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    columns["team"] = pa.array(columns["team"]).dictionary_encode()
    columns["tags"] = [["a", "b"], []] * (len(ROWS) // 2)
    pq.write_table(pa.table(columns), target, **options)
    return target.getvalue()


def _zip(compression: int) -> bytes:
    """Small pictures in a folder for each label."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for number in range(12):
            picture = io.BytesIO()
            grey = np.full((8, 8), 20 * number, dtype=np.uint8)
            Image.fromarray(grey).save(picture, "PNG" if number % 3 else "JPEG")
            archive.writestr(f"{'dark' if number < 6 else 'light'}/{number}.png", picture.getvalue())
    return target.getvalue()


WHOLE: dict[str, Callable[[], bytes]] = {
    "csv": lambda: csv_of(ROWS).encode(),
    "csv in UTF-16": lambda: csv_of(ROWS).encode("utf-16"),
    "csv.gz": lambda: gzip.compress(csv_of(ROWS).encode(), mtime=0),
    "json": lambda: json.dumps(ROWS).encode(),
    "jsonl": lambda: "\n".join(map(json.dumps, ROWS)).encode(),
    "parquet": lambda: _parquet(compression="none"),
    "parquet with snappy": lambda: _parquet(compression="snappy", row_group_size=10),
    "parquet with zstd": lambda: _parquet(compression="zstd", data_page_version="2.0", write_page_checksum=True),
    "zip": lambda: _zip(zipfile.ZIP_STORED),
    "zip, deflated": lambda: _zip(zipfile.ZIP_DEFLATED),
}
CONTENT = {name: make() for name, make in WHOLE.items()}


def plan_of(folder: Path) -> ImportPlan:
    return ImportPlan.model_validate({"task": "own", "dataset": "own", "out": str(folder / "rows.parquet")})


@pytest.mark.parametrize("name", CONTENT)
def test_whole_it_is_a_dataset(name: str, tmp_path: Path) -> None:
    """So that what the other test sees is the damage."""
    import_file(io.BytesIO(CONTENT[name]), plan_of(tmp_path), lambda *_: None)

    assert (tmp_path / "rows.parquet").exists()


@pytest.mark.parametrize("name", CONTENT)
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_it_is_a_dataset_or_a_problem(
    name: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes changed, put in or cut off; of a problem nothing is left on the disk."""
    content = bytearray(CONTENT[name])
    # The end tells what Parquet and zip files hold, so half of the damage is there.
    first = data.draw(st.sampled_from([0, max(0, len(content) - 400)]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(min(first, len(content) - 1), len(content) - 1))
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(min_size=1, max_size=4))
    del content[data.draw(st.just(len(content)) | st.integers(0, len(content))) :]
    folder = tmp_path_factory.mktemp("damaged")

    try:
        import_file(io.BytesIO(bytes(content)), plan_of(folder), lambda *_: None)
    except Problem:
        assert [] == list(folder.iterdir())
    else:
        assert ["rows.parquet"] == [path.name for path in folder.iterdir()]
