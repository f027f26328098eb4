"""A dataset becomes examples: read or taken from the cache, never the rows of another file."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.datasets.catalog import DatasetCatalog
from app.datasets.encoded import EncodedCache
from app.encoding.rows import dense
from app.errors import DatasetInvalid
from app.training.prepare import Prepared, prepare
from tests.support.tasks import TASKS

TASK = TASKS.get("housing")


def write(folder: Path, seed: int) -> None:
    """A file of the Boston table's form."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {name: rng.normal(size=40) for name in (*TASK.input_columns, TASK.target)}
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table({**columns, "split": ["train"] * 30 + ["test"] * 10}), folder / "boston_housing.parquet")


def prepared(folder: Path) -> tuple[Prepared, list[str]]:
    lines: list[str] = []
    cache = EncodedCache(folder / "encoded", 2**20)
    found = prepare(
        DatasetCatalog(folder), cache, TASK, "boston_housing", TASK.presets["baseline"].recipe, lines.append
    )
    return found, lines


def test_the_second_run_takes_the_rows_that_the_first_has_kept(tmp_path: Path) -> None:
    write(tmp_path, 1)
    (first, _), (second, lines) = prepared(tmp_path), prepared(tmp_path)

    assert ["dataset boston_housing: encoded rows of a former run"] == lines
    for one, other in ((first.train, second.train), (first.test, second.test)):
        np.testing.assert_array_equal(dense(one.rows), dense(other.rows))
        np.testing.assert_array_equal(one.targets, other.targets)
    assert (first.sha256, first.labels, first.encoder.to_json()) == (
        second.sha256,
        second.labels,
        second.encoder.to_json(),
    )


def test_rows_of_another_encoder_s_version_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a former release kept may be other rows of the same file."""
    write(tmp_path, 1)
    prepared(tmp_path)
    monkeypatch.setattr(type(TASK), "encoder_version", TASK.encoder_version + 1)

    assert "dataset boston_housing: reading and encoding its rows" in prepared(tmp_path)[1]
    assert ["dataset boston_housing: encoded rows of a former run"] == prepared(tmp_path)[1]


def test_a_file_replaced_after_its_checksum_is_not_kept_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 1)
    old = (tmp_path / "boston_housing.parquet").read_bytes()
    checksum = DatasetCatalog.checksum

    def swapped(self: DatasetCatalog, info: Any) -> str:
        found = checksum(self, info)
        monkeypatch.setattr(DatasetCatalog, "checksum", checksum)
        write(tmp_path, 2)
        return found

    monkeypatch.setattr(DatasetCatalog, "checksum", swapped)
    new, _ = prepared(tmp_path)
    (tmp_path / "boston_housing.parquet").write_bytes(old)
    right, _ = prepared(tmp_path)

    assert new.sha256 != right.sha256
    assert not np.array_equal(new.train.targets, right.train.targets)


def test_a_file_replaced_while_it_is_read_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1)
    has_rows = pq.ParquetFile.iter_batches

    def swapped(self: Any, **options: Any) -> Any:
        found = list(has_rows(self, **options))
        write(tmp_path, 2)
        return found

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", swapped)
    with pytest.raises(DatasetInvalid, match="replaced while it was read"):
        prepared(tmp_path)
