"""Datasets in Parquet files: found, checked, counted; and the bundled samples."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.datasets import sample
from app.datasets.catalog import NOTES_KEY, DatasetCatalog
from app.errors import DatasetInvalid
from app.kinds.base import Task
from app.wire.declarations import DatasetInfo
from tests.support.tasks import TASKS, rows_of

ROWS: dict[str, dict[str, Any]] = {
    "sentiment": {
        "text": ["good film", "dull film", "fine", "bad"],
        "label": ["positive", "negative", "positive", "negative"],
        "split": ["train", "test", "train", "train"],
    },
    "newswire": {
        "title": ["OIL UP", None, "GRAIN"],
        "text": ["oil rose", "wheat fell", "grain stood"],
        "label": ["crude", "wheat", "grain"],
        "topics": [["crude", "gas"], ["wheat"], []],
        "split": ["train", "train", "test"],
    },
    "digits": {
        "pixels": pa.FixedSizeListArray.from_arrays(pa.array(np.arange(3 * 784, dtype=np.uint8)), 784),
        "label": [5, 0, 4],
        "split": ["train", "train", "test"],
    },
    "housing": {
        **{name: [float(place), 1.5, 2.5] for place, name in enumerate(TASKS.get("housing").input_columns)},
        "MEDV": [21.0, 22.5, 24.0],
        "split": ["train", "train", "test"],
    },
}
NAMES = sorted(ROWS)


@pytest.fixture
def catalog(tmp_path: Path) -> DatasetCatalog:
    return DatasetCatalog(tmp_path)


def real_of(name: str) -> tuple[Task, DatasetInfo]:
    """A task with its first dataset, which is a file."""
    task = TASKS.get(name)
    return task, task.datasets[0]


def write(catalog: DatasetCatalog, name: str, /, notes: bytes | None = None, **changes: Any) -> Path:
    """Our own rows in the place of a task's dataset; a change of `...` leaves a column out."""
    columns = {k: v for k, v in {**ROWS[name], **changes}.items() if v is not ...}
    table = pa.table(columns)
    path = catalog.path(real_of(name)[1])
    pq.write_table(table.replace_schema_metadata({NOTES_KEY: notes} if notes is not None else None), path)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_read_by_split_in_file_order(catalog: DatasetCatalog, name: str) -> None:
    task, info = real_of(name)
    write(catalog, name)
    dataset = catalog.read(task, info)
    split = np.array(ROWS[name]["split"])

    for rows, part in ((dataset.train, "train"), (dataset.test, "test")):
        places = np.flatnonzero(split == part)
        assert len(places) == len(rows)
        assert set(task.input_columns) == set(rows.columns)
        assert [ROWS[name][task.target][i] for i in places] == list(rows.target)
        for column in set(task.input_columns) - {"pixels"}:
            assert [ROWS[name][column][i] for i in places] == list(rows.columns[column])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_first_rows_are_those_of_the_whole(catalog: DatasetCatalog, name: str, split: Any) -> None:
    """As many as are asked for, or as there are; of a file, and of the sample."""
    task, real = real_of(name)
    write(catalog, name)
    for info in (real, task.datasets[-1]):
        whole = getattr(catalog.read(task, info), split)
        for most in (1, len(whole), 10_000):
            some = catalog.first(task, info, split, most)
            assert min(most, len(whole)) == len(some)
            assert list(whole.target[:most]) == list(some.target)
            assert set(whole.columns) == set(some.columns)
            assert all(np.array_equal(whole.columns[c][:most], some.columns[c]) for c in some.columns)


def test_the_first_rows_are_found_behind_the_others(catalog: DatasetCatalog) -> None:
    """In another batch than the first; the rest of the file is not looked at."""
    rows = 3_000
    split, label = ["test"] * rows + ["train"] * rows, ["positive"] * (2 * rows - 1) + [None]
    write(catalog, "sentiment", text=[str(n) for n in range(2 * rows)], label=label, split=split)

    found = catalog.first(*real_of("sentiment"), "train", 3)

    assert (["3000", "3001", "3002"], ["positive"] * 3) == (found.columns["text"], list(found.target))


@pytest.mark.parametrize(
    "lacks", [{"text": ...}, {"label": ...}, {"split": ...}, {"split": ["train"] * 4}, {"text": ["a", None, "b", "c"]}]
)
def test_first_rows_that_are_not_whole_are_invalid(catalog: DatasetCatalog, lacks: dict[str, Any]) -> None:
    write(catalog, "sentiment", **lacks)

    with pytest.raises(DatasetInvalid):
        catalog.first(*real_of("sentiment"), "test", 5)


def test_first_rows_of_no_file_or_of_garbage(catalog: DatasetCatalog) -> None:
    with pytest.raises(FileNotFoundError):
        catalog.first(*real_of("sentiment"), "train", 5)
    catalog.path(real_of("sentiment")[1]).write_bytes(b"PAR1 and no more")
    with pytest.raises(DatasetInvalid, match=r"^imdb\.parquet is not a readable Parquet file"):
        catalog.first(*real_of("sentiment"), "train", 5)


def test_pictures_are_rows_of_pixels(catalog: DatasetCatalog) -> None:
    task, info = real_of("digits")
    write(catalog, "digits")
    pixels = catalog.read(task, info).train.columns["pixels"]

    np.testing.assert_array_equal(np.arange(2 * 784, dtype=np.uint8).reshape(2, 784), pixels)


@pytest.mark.parametrize("name", NAMES)
def test_a_read_dataset_can_be_learnt(catalog: DatasetCatalog, name: str) -> None:
    """The columns are what the task's encoder takes."""
    task, info = real_of(name)
    write(catalog, name)
    dataset = catalog.read(task, info)
    encoder = task.fit_encoder(task.presets["baseline"].recipe.features, dataset.train.columns)

    assert len(dataset.test) == len(encoder.encode(dataset.test.columns))
    for head in task.heads:
        target = catalog.read(task, info, task.target_of(head)).train.target
        assert len(dataset.train) == len(task.targets(target, task.label_set(target, head), head))


@pytest.mark.parametrize("chunk", [pa.list_(pa.string()), pa.large_list(pa.large_string())], ids=["list", "large"])
def test_another_target_column_can_be_read(catalog: DatasetCatalog, chunk: pa.DataType) -> None:
    """A column of lists, in either of Arrow's forms; a row may have none of the labels, and then its list is empty."""
    task, info = real_of("newswire")
    write(catalog, "newswire", topics=pa.array([["crude", "gas"], [], ["wheat"]], type=chunk))
    dataset = catalog.read(task, info, "topics")

    assert ([["crude", "gas"], []], [["wheat"]]) == (list(dataset.train.target), list(dataset.test.target))
    assert {"title", "text"} == set(dataset.train.columns)
    assert ["crude", "wheat"] == list(catalog.read(task, info).train.target)


def test_another_target_column_does_without_the_tasks_own(catalog: DatasetCatalog) -> None:
    task, info = real_of("newswire")
    write(catalog, "newswire", label=...)

    assert [["crude", "gas"], ["wheat"]] == list(catalog.read(task, info, "topics").train.target)


def test_another_target_column_must_be_there(catalog: DatasetCatalog) -> None:
    task, info = real_of("newswire")
    write(catalog, "newswire", topics=...)

    with pytest.raises(DatasetInvalid, match=r"'reuters' lacks the columns topics$"):
        catalog.read(task, info, "topics")


def test_another_target_column_has_no_gaps(catalog: DatasetCatalog) -> None:
    """A row without any topic has an empty list, not nothing."""
    task, info = real_of("newswire")
    write(catalog, "newswire", topics=[["crude"], None, ["wheat"]])

    with pytest.raises(DatasetInvalid, match="'reuters' has rows without topics"):
        catalog.read(task, info, "topics")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_has_the_columns_that_are_in_it(catalog: DatasetCatalog, name: str) -> None:
    task, info = real_of(name)
    write(catalog, name, None, lewis=list(ROWS[name]["split"]))

    for column in (*ROWS[name], "lewis"):
        assert catalog.has_column(task, info, column)
    assert not catalog.has_column(task, info, "no_such_column")


def test_a_column_counts_as_missing_once_the_file_lacks_it(catalog: DatasetCatalog) -> None:
    task, info = real_of("newswire")
    write(catalog, "newswire")
    before = catalog.has_column(task, info, "topics")
    write(catalog, "newswire", topics=...)

    assert (True, False) == (before, catalog.has_column(task, info, "topics"))


@pytest.mark.parametrize("name", sorted(TASKS.all))
def test_a_file_that_is_not_there_yet_has_the_published_columns(tmp_path: Path, name: str) -> None:
    """It will be fetched, and the published file has no further targets."""
    task = TASKS.get(name)
    for info in task.datasets:
        if not info.is_built_in:
            assert {True} == {
                DatasetCatalog(tmp_path).has_column(task, info, c) for c in (*task.input_columns, task.target)
            }
            assert not DatasetCatalog(tmp_path).has_column(task, info, "topics")


@pytest.mark.parametrize("name", sorted(TASKS.all))
def test_built_in_datasets_have_the_columns_of_their_rows(tmp_path: Path, name: str) -> None:
    catalog, task = DatasetCatalog(tmp_path / "missing"), TASKS.get(name)
    for info in task.datasets:
        if info.is_built_in:
            assert {True} == {catalog.has_column(task, info, task.target_of(head)) for head in task.heads}
            assert not catalog.has_column(task, info, "no_such_column")


def test_only_a_sample_of_stories_has_topics(tmp_path: Path) -> None:
    found = {
        name: DatasetCatalog(tmp_path).has_column(task, task.datasets[-1], "topics") for name, task in TASKS.all.items()
    }

    assert ["newswire"] == [name for name, has in found.items() if has]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"text,label,split\ngood,positive,train\n", b"\x00" * 5000])
def test_an_unreadable_file_is_not_said_to_lack_a_column(catalog: DatasetCatalog, content: bytes) -> None:
    """What is wrong with a file is for the run to say."""
    task, info = real_of("newswire")
    catalog.path(info).write_bytes(content)

    assert catalog.has_column(task, info, "topics")


def test_the_checksum_is_that_of_the_file(catalog: DatasetCatalog) -> None:
    task, info = real_of("sentiment")
    path = write(catalog, "sentiment")

    assert hashlib.sha256(path.read_bytes()).hexdigest() == catalog.read(task, info).sha256


@pytest.mark.parametrize(
    ("notes", "expected"), [(None, []), (b"[]", []), (b'["one", "two \\u00fc"]', ["one", "two ü"])]
)
def test_notes_of_the_import_come_along(catalog: DatasetCatalog, notes: bytes | None, expected: list[str]) -> None:
    task, info = real_of("sentiment")
    write(catalog, "sentiment", notes)

    assert expected == catalog.read(task, info).notes


def test_further_columns_do_no_harm(catalog: DatasetCatalog) -> None:
    task, info = real_of("newswire")
    write(catalog, "newswire", lewis=["train", None, "test"])

    assert {"title", "text"} == set(catalog.read(task, info).train.columns)


@pytest.mark.parametrize(
    ("name", "column"),
    [(n, c) for n in NAMES for c in ROWS[n] if c not in {*TASKS.get(n).optional_columns, "topics"}],
)
def test_a_missing_column_is_named(catalog: DatasetCatalog, name: str, column: str) -> None:
    task, info = real_of(name)
    write(catalog, name, None, **{column: ...})

    with pytest.raises(DatasetInvalid, match=f"'{info.name}' lacks the columns {column}$"):
        catalog.read(task, info)
    with pytest.raises(DatasetInvalid, match=f"'{info.name}' lacks the columns {column}$"):
        catalog.check(task, info)


def test_a_files_rows_are_counted_without_reading_them(catalog: DatasetCatalog) -> None:
    task, info = real_of("sentiment")
    write(catalog, "sentiment")

    assert len(catalog.read(task, info).train) + len(catalog.read(task, info).test) == catalog.check(task, info)
    catalog.path(info).write_bytes(b"no rows")
    with pytest.raises(DatasetInvalid, match="not a readable Parquet file"):
        catalog.check(task, info)


def test_an_optional_column_may_be_missing(catalog: DatasetCatalog) -> None:
    task, info = real_of("newswire")
    write(catalog, "newswire", title=...)

    assert [None, None] == catalog.read(task, info).train.columns["title"]


@pytest.mark.parametrize("odd", ["validation", "Train", "", None])
def test_an_odd_split_is_named(catalog: DatasetCatalog, odd: str | None) -> None:
    task, info = real_of("sentiment")
    write(catalog, "sentiment", split=["train", "test", odd, "train"])

    with pytest.raises(DatasetInvalid, match=rf"'imdb' has splits other than train and test: \['{odd}'\]"):
        catalog.read(task, info)


@pytest.mark.parametrize("split", [[0, 1, 0, 0], [["train"], ["test"], ["train"], ["train"]]], ids=["numbers", "lists"])
def test_a_split_that_is_no_text_is_invalid(catalog: DatasetCatalog, split: list[Any]) -> None:
    task, info = real_of("sentiment")
    write(catalog, "sentiment", split=split)

    with pytest.raises(DatasetInvalid, match="imdb"):
        catalog.read(task, info)


@pytest.mark.parametrize("missing", ["train", "test"])
def test_a_split_without_rows_is_named(catalog: DatasetCatalog, missing: str) -> None:
    task, info = real_of("sentiment")
    present = {"train": "test", "test": "train"}[missing]
    write(catalog, "sentiment", split=[present] * 4)

    with pytest.raises(DatasetInvalid, match=f"'imdb' has no rows in its {missing} split"):
        catalog.read(task, info)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [0, 2])
def test_a_row_without_its_target_is_invalid(catalog: DatasetCatalog, name: str, place: int) -> None:
    task, info = real_of(name)
    values = list(ROWS[name][task.target])
    values[place] = None
    write(catalog, name, None, **{task.target: values})

    with pytest.raises(DatasetInvalid, match=f"'{info.name}' has rows without {task.target}"):
        catalog.read(task, info)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"text,label,split\ngood,positive,train\n", b"\x00" * 5000])
def test_a_file_of_garbage_is_named(catalog: DatasetCatalog, content: bytes) -> None:
    task, info = real_of("sentiment")
    path = catalog.path(info)
    path.write_bytes(content)

    with pytest.raises(DatasetInvalid, match=f"^{path.name} is not a readable Parquet file"):
        catalog.read(task, info)
    assert info.train_rows == catalog.train_rows(info)


def test_a_shortened_file_is_named(catalog: DatasetCatalog) -> None:
    """As after a download that was cut off."""
    task, info = real_of("sentiment")
    path = write(catalog, "sentiment")
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(DatasetInvalid, match=f"^{path.name} is not a readable Parquet file"):
        catalog.read(task, info)


@pytest.mark.parametrize("damage", [b"PAR1", b"goo"])
def test_a_damaged_file_is_named(catalog: DatasetCatalog, damage: bytes) -> None:
    """The footer is whole, but the byte after `damage` is not: in the header of a page, or in a text."""
    task, info = real_of("sentiment")
    path = write(catalog, "sentiment")
    content = bytearray(path.read_bytes())
    content[content.index(damage) + len(damage)] ^= 0xFF
    path.write_bytes(content)

    with pytest.raises(DatasetInvalid, match=f"^{path.name} is not a readable Parquet file"):
        catalog.read(task, info)


def test_notes_that_cannot_be_read_are_invalid(catalog: DatasetCatalog) -> None:
    task, info = real_of("sentiment")
    path = write(catalog, "sentiment", b"{not json")

    with pytest.raises(DatasetInvalid, match=f"^{path.name} is not a readable Parquet file"):
        catalog.read(task, info)


def test_a_file_that_is_not_there_is_not_found(catalog: DatasetCatalog) -> None:
    """Different from an invalid one: then the published file can be fetched."""
    task, info = real_of("sentiment")

    assert not catalog.is_here(info)
    with pytest.raises(FileNotFoundError):
        catalog.read(task, info)


def test_train_rows_are_counted_in_the_file(catalog: DatasetCatalog) -> None:
    info = real_of("sentiment")[1]

    assert 25_000 == info.train_rows == catalog.train_rows(info)
    write(catalog, "sentiment")
    assert 3 == catalog.train_rows(info)


def test_a_changed_file_is_counted_anew(catalog: DatasetCatalog) -> None:
    info = real_of("sentiment")[1]
    write(catalog, "sentiment")
    before = catalog.train_rows(info)
    write(catalog, "sentiment", split=["train", "test", "train", "test"])

    assert (3, 2) == (before, catalog.train_rows(info))


def test_a_file_of_the_same_size_is_counted_anew_too(catalog: DatasetCatalog) -> None:
    info = real_of("sentiment")[1]
    path = write(catalog, "sentiment", split=["train", "test", "train", "train"])
    before, size, changed = catalog.train_rows(info), path.stat().st_size, path.stat().st_mtime_ns
    write(catalog, "sentiment", split=["train", "test", "test", "test"])
    os.utime(path, ns=(changed + 1, changed + 1))

    assert size == path.stat().st_size
    assert (3, 1) == (before, catalog.train_rows(info))


@pytest.mark.parametrize(
    "split", [[None] * 4, [0, 1, 0, 0], ..., [["train"], ["test"], ["train"], ["train"]]],
    ids=["nulls", "numbers", "missing", "lists"],
)  # fmt: skip
def test_counting_never_fails(catalog: DatasetCatalog, split: Any) -> None:
    """`POST /train` asks for the number of rows; what is wrong with a file is for the run to say."""
    info = real_of("sentiment")[1]
    write(catalog, "sentiment", split=split)

    assert catalog.train_rows(info) in {0, info.train_rows}


@pytest.mark.parametrize("name", sorted(TASKS.all))
def test_a_sample_is_always_here(tmp_path: Path, name: str) -> None:
    catalog = DatasetCatalog(tmp_path / "missing")
    task = TASKS.get(name)
    info = task.datasets[-1]
    dataset = catalog.read(task, info)

    assert catalog.is_here(info)
    assert (info.train_rows, info.test_rows) == (len(dataset.train), len(dataset.test))
    assert info.train_rows == catalog.train_rows(info)
    assert [f"bundled sample: {info.description}"] == dataset.notes


GENERATED = [
    pytest.param(task, info, id=f"{task.name}-{info.name}")
    for task in TASKS.all.values()
    for info in task.datasets
    if info.is_built_in and not info.is_sample
]


@pytest.mark.parametrize(("task", "info"), GENERATED)
def test_a_generated_dataset_is_always_here(tmp_path: Path, task: Task, info: DatasetInfo) -> None:
    catalog = DatasetCatalog(tmp_path / "missing")
    dataset = catalog.read(task, info)

    assert catalog.is_here(info)
    assert not info.is_sample
    assert (info.train_rows, info.test_rows) == (len(dataset.train), len(dataset.test))
    assert info.train_rows == catalog.train_rows(info)
    assert [f"generated: {info.description}"] == dataset.notes
    assert sample.checksum(rows_of(task, info.name)) == dataset.sha256


@pytest.mark.parametrize(("task", "info"), GENERATED)
def test_a_file_of_a_generated_datasets_name_does_not_count(tmp_path: Path, task: Task, info: DatasetInfo) -> None:
    (tmp_path / f"{info.name}.parquet").write_bytes(b"something else")

    assert info.train_rows == DatasetCatalog(tmp_path).train_rows(info)
    assert sample.checksum(rows_of(task, info.name)) == DatasetCatalog(tmp_path).read(task, info).sha256


@pytest.mark.parametrize("name", sorted(TASKS.all))
def test_a_samples_checksum_is_stable(tmp_path: Path, name: str) -> None:
    """It is what a model says it was trained on."""
    task = TASKS.get(name)
    columns = rows_of(task, "sample")

    assert sample.checksum(columns) == sample.checksum(dict(reversed(columns.items())))
    assert sample.checksum(columns) == DatasetCatalog(tmp_path).read(task, task.datasets[-1]).sha256


def test_the_checksum_is_over_names_and_values() -> None:
    rows = {"b": [1, 2], "a": ["ü", None]}
    expected = hashlib.sha256(json.dumps(["a", ["ü", None]]).encode() + json.dumps(["b", [1, 2]]).encode()).hexdigest()

    assert expected == sample.checksum(rows)
    assert expected == sample.checksum({**rows, "b": np.array([1, 2])})


@pytest.mark.parametrize("other", [{"a": [1, 3]}, {"b": [1, 2]}, {"a": [2, 1]}, {"a": [1, 2], "b": []}, {"a": [1]}])
def test_other_rows_have_another_checksum(other: dict[str, Any]) -> None:
    assert sample.checksum({"a": [1, 2]}) != sample.checksum(other)
