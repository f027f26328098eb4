"""The cache of encoded datasets: what is kept, what is not, and that nothing wrong ever comes out of it."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.datasets.encoded import META, UNFINISHED, EncodedCache, from_arrays, to_arrays
from app.encoding.rows import ByteRows, SparseRows
from app.errors import EntryDamaged

ARRAYS = {"train_matrix": np.arange(12, dtype=np.float32).reshape(3, 4), "train_targets": np.array([1, 0, 1])}
KEY = EncodedCache.key(dataset="abc", features={"kind": "pixels"})


@pytest.fixture
def cache(tmp_path: Path) -> EncodedCache:
    return EncodedCache(tmp_path / "encoded", 2**20)


def test_what_was_kept_comes_back_mapped_from_the_disk(cache: EncodedCache) -> None:
    assert cache.get(KEY) is None

    assert cache.put(KEY, ARRAYS, {"labels": ["a", 1]}) is None
    entry = cache.get(KEY)

    assert entry is not None
    assert {"labels": ["a", 1]} == entry.meta
    assert set(ARRAYS) == set(entry.arrays)
    for name, array in ARRAYS.items():
        assert isinstance(entry.arrays[name], np.memmap)
        np.testing.assert_array_equal(array, entry.arrays[name])
        assert array.dtype == entry.arrays[name].dtype


def test_a_key_depends_on_every_part_and_on_nothing_else() -> None:
    assert EncodedCache.key(dataset="abc", features={"words": 5}) == EncodedCache.key(
        features={"words": 5}, dataset="abc"
    )
    others = [EncodedCache.key(dataset=d, features={"words": w}) for d in ("abc", "abd") for w in (5, 6)]
    assert 4 == len(set(others))


@pytest.mark.parametrize("name", ["train_matrix.npy", "train_targets.npy", META])
@pytest.mark.parametrize("harm", ["truncate", "alter", "remove", "empty"])
def test_a_damaged_entry_counts_as_not_there(cache: EncodedCache, tmp_path: Path, name: str, harm: str) -> None:
    """And the next run can keep its own in its place."""
    cache.put(KEY, ARRAYS, {})
    path = tmp_path / "encoded" / KEY / name
    content = path.read_bytes()
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes({"truncate": content[:-3], "alter": content[:-1] + b"?", "empty": b""}[harm])

    with pytest.raises(EntryDamaged):
        cache.get(KEY)
    assert cache.put(KEY, ARRAYS, {}) is None
    assert cache.get(KEY) is not None


def test_another_word_in_the_index_is_damage(cache: EncodedCache, tmp_path: Path) -> None:
    """A vocabulary with one letter changed would make a model of right figures and wrong answers."""
    cache.put(KEY, ARRAYS, {"vocabulary": ["wonderful"]})
    index = tmp_path / "encoded" / KEY / META
    index.write_text(index.read_text(encoding="utf-8").replace("wonderful", "wonderfux"), encoding="utf-8")

    with pytest.raises(EntryDamaged):
        cache.get(KEY)
    assert cache.get(KEY) is None


def test_a_file_in_an_entry_s_place_gives_way(cache: EncodedCache, tmp_path: Path) -> None:
    (tmp_path / "encoded").mkdir()
    (tmp_path / "encoded" / KEY).write_text("x", encoding="utf-8")

    with pytest.raises(EntryDamaged):
        cache.get(KEY)
    assert cache.put(KEY, ARRAYS, {}) is None
    assert cache.get(KEY) is not None


def test_a_limit_that_was_lowered_holds_for_what_is_there(cache: EncodedCache, tmp_path: Path) -> None:
    cache.put(KEY, ARRAYS, {})

    assert EncodedCache(tmp_path / "encoded", 0).put("other", ARRAYS, {}) is None
    assert [] == list((tmp_path / "encoded").iterdir())


@pytest.mark.parametrize("meta", [[], {}, {"checksums": []}, {"checksums": {"x": 1}}, {"meta": {}}, "x", None])
def test_other_forms_of_the_index_count_as_not_there(cache: EncodedCache, tmp_path: Path, meta: Any) -> None:
    cache.put(KEY, ARRAYS, {})
    (tmp_path / "encoded" / KEY / META).write_text(json.dumps(meta), encoding="utf-8")

    with pytest.raises(EntryDamaged):
        cache.get(KEY)


def test_the_entries_used_longest_ago_go_first(tmp_path: Path) -> None:
    """Room for two and a half: the one that was read last stays."""
    cache = EncodedCache(tmp_path / "encoded", 2_500)
    arrays = {"a": np.zeros(200, dtype=np.float32)}  # 928 bytes as a file, and an index
    keys = [EncodedCache.key(dataset=name) for name in "abc"]
    for place, key in enumerate(keys[:2]):
        cache.put(key, arrays, {})
        touch(tmp_path / "encoded" / key / META, 1_000 + place)
    assert cache.get(keys[0]) is not None

    cache.put(keys[2], arrays, {})

    assert [True, False, True] == [cache.get(key) is not None for key in keys]


def touch(path: Path, seconds: float) -> None:
    os.utime(path, (seconds, seconds))


def test_what_is_larger_than_the_cache_is_not_kept_and_says_so(tmp_path: Path) -> None:
    small = EncodedCache(tmp_path / "encoded", 10)

    assert "more than the cache may hold" in (small.put(KEY, ARRAYS, {}) or "")
    assert small.get(KEY) is None
    assert EncodedCache(tmp_path / "none", 0).put(KEY, ARRAYS, {}) is None, "switched off is nothing to tell of"
    assert not (tmp_path / "none").exists()


def test_a_full_disk_is_told_and_leaves_nothing(
    cache: EncodedCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)

    assert "No space left on device" == cache.put(KEY, ARRAYS, {})
    assert [] == list((tmp_path / "encoded").iterdir())


def test_two_trainers_that_keep_the_same_rows_leave_one_entry(cache: EncodedCache, tmp_path: Path) -> None:
    barrier = threading.Barrier(4)

    def keep() -> None:
        barrier.wait(10)
        cache.put(KEY, ARRAYS, {})

    threads = [threading.Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [KEY] == [path.name for path in (tmp_path / "encoded").iterdir()]
    assert cache.get(KEY) is not None


def test_half_an_entry_of_a_killed_trainer_is_none(cache: EncodedCache, tmp_path: Path) -> None:
    """It goes when it is old: a young one may have a writer."""
    old, young = (tmp_path / "encoded" / f"{UNFINISHED}{name}" for name in ("old", "young"))
    for folder in (old, young):
        folder.mkdir(parents=True)
    touch(old, 1_000)

    assert cache.put(KEY, ARRAYS, {}) is None
    assert cache.get(KEY) is not None
    assert (False, True) == (old.exists(), young.exists())


def test_what_is_left_of_a_removal_cut_short_counts_and_goes_first(tmp_path: Path) -> None:
    folder = tmp_path / "encoded"
    cache = EncodedCache(folder, 2_500)
    left = folder / "0123"
    left.mkdir(parents=True)
    (left / "a.npy").write_bytes(b"x" * 2_000)

    assert cache.put(KEY, {"a": np.zeros(200, dtype=np.float32)}, {}) is None

    assert [KEY] == [path.name for path in folder.iterdir()]


def test_looking_for_what_is_not_there_removes_nothing(cache: EncodedCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another trainer may be publishing it just now."""
    monkeypatch.setattr(cache, "_drop", lambda _: pytest.fail("something was removed"))

    assert cache.get(KEY) is None


def test_an_entry_that_cannot_be_marked_as_used_is_used(cache: EncodedCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another user, a folder mounted read-only."""
    cache.put(KEY, ARRAYS, {})

    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)
    assert cache.get(KEY) is not None
    assert cache.get(KEY) is not None


def test_an_entry_that_cannot_be_published_is_told(cache: EncodedCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    assert "Permission denied" == cache.put(KEY, ARRAYS, {})


def test_rows_of_every_kind_survive() -> None:
    sparse = SparseRows(np.array([0, 3, 1], dtype=np.int32), np.array([0, 2, 3]), 5, np.array([0.5, 1.0]))
    matrix = ARRAYS["train_matrix"]

    back = from_arrays(to_arrays(sparse, "test"), "test", 5)
    assert isinstance(back, SparseRows)
    np.testing.assert_array_equal(sparse.dense(), back.dense())
    np.testing.assert_array_equal(sparse.known, back.known)
    np.testing.assert_array_equal(matrix, from_arrays(to_arrays(matrix, "test"), "test", 4))
    grey = ByteRows(np.arange(6, dtype=np.uint8).reshape(2, 3), 255)
    again = from_arrays(to_arrays(grey, "test"), "test", 3)
    assert isinstance(again, ByteRows)
    np.testing.assert_array_equal(grey.dense(), again.dense())
