"""Importing Keras' published files."""

import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from app.datasets.catalog import DatasetCatalog
from app.datasets.encoded import EncodedCache
from app.encoding.rows import SparseRows
from app.encoding.words import words_of
from app.errors import DatasetUnavailable
from app.training import published
from app.training._reuters import MISTEXTED
from app.training.prepare import prepare
from app.wire.encodings import Ids
from tests.support.tasks import TASKS

Imported = Callable[[str], tuple[Path, list[str]]]

KERAS_FILES = os.environ.get("DENSELY_TEST_KERAS_HOME", "")
DATASETS = os.environ.get("DENSELY_DATASETS_DIR", "")
needs_files = pytest.mark.skipif(
    not KERAS_FILES, reason="DENSELY_TEST_KERAS_HOME is not set: Keras' published files are not here"
)
needs_datasets = pytest.mark.skipif(not DATASETS, reason="DENSELY_DATASETS_DIR is not set: no real data here")


@pytest.fixture
def keras_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras reads its home once, so the setting alone would come too late."""
    from keras.src.utils import file_utils

    monkeypatch.setattr(file_utils.config, "keras_home", lambda: KERAS_FILES)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Imports a task's file, which takes a while, once for all tests: its folder, and what was said meanwhile."""

    @cache
    def fetched(task_name: str) -> tuple[Path, list[str]]:
        task, folder = TASKS.get(task_name), tmp_path_factory.mktemp(task_name)
        messages: list[str] = []
        published.fetch(task, task.datasets[0], DatasetCatalog(folder).path(task.datasets[0]), messages.append)
        return folder, messages

    return fetched


@needs_files
@pytest.mark.parametrize(
    ("task_name", "train", "test"),
    [("digits", 60_000, 10_000), ("housing", 404, 102), ("newswire", 8_214, 2_039), ("sentiment", 25_000, 25_000)],
)
def test_a_published_file_becomes_a_dataset_of_the_task(
    task_name: str, train: int, test: int, keras_files: None, imported: Imported
) -> None:
    task = TASKS.get(task_name)
    info = task.datasets[0]

    folder, messages = imported(task_name)

    dataset = DatasetCatalog(folder).read(task, info)
    assert (train, test) == (len(dataset.train), len(dataset.test))
    assert len(task.label_set(dataset.train.target, task.heads[0])) == len(task.labels)
    assert messages[-1] == f"wrote {info.name}.parquet: {train + test} rows"
    assert (task_name in ("newswire", "sentiment")) == bool(dataset.notes) == bool(dataset.index)
    assert [f"{info.name}.parquet"] == [path.name for path in folder.iterdir()]


@needs_files
@needs_datasets
def test_the_imported_reviews_have_the_words_of_the_raw_ones(keras_files: None, imported: Imported) -> None:
    """Keras' word ids decode to what our tokeniser makes of the raw text, but for the words that Keras left out."""
    folder, _ = imported("sentiment")
    raw = pq.read_table(Path(DATASETS) / "imdb.parquet", columns=["text"]).column("text").to_pylist()
    decoded = pq.read_table(folder / "imdb.parquet", columns=["text"]).column("text").to_pylist()

    ours = {" ".join(words_of(text)) for text in raw}
    same = np.mean([" ".join(words_of(text)) in ours for text in decoded[:2000]])
    assert same > 0.8, same


@needs_files
@pytest.mark.parametrize("task_name", ["newswire", "sentiment"])
def test_a_model_of_published_rows_has_the_ids_of_keras(
    task_name: str, keras_files: None, imported: Imported, tmp_path: Path
) -> None:
    """From the file that was imported to what `decode` answers; the rows are Keras' own sequences."""
    import keras

    task, cache = TASKS.get(task_name), EncodedCache(tmp_path / "encoded", 2**30)
    info, recipe = task.datasets[0], task.presets["baseline"].recipe
    found = [
        prepare(DatasetCatalog(imported(task_name)[0]), cache, task, info.name, recipe, lambda _: None)
        for _ in range(2)
    ]

    module = {"newswire": keras.datasets.reuters, "sentiment": keras.datasets.imdb}[task_name]
    index = {number + 3: word for word, number in module.get_word_index().items()}
    for prepared in found:  # the second comes from the cache
        encoder: Any = prepared.encoder
        assert [index[number] for number in range(4, 10_000)] == encoder.words_at(range(4, 10_000))
        assert encoder.published
    (sequences, _), _ = module.load_data(num_words=10_000)
    rows = found[0].train.rows
    assert isinstance(rows, SparseRows)
    row = rows.take(np.array([0]))
    line_break = {10} if task_name == "sentiment" else set()  # Keras' word "br"
    assert set(sequences[0]) - line_break == set(row.indices.tolist())
    if task_name == "sentiment":
        decoding = task.decoding(found[0].encoder, Ids(ids=[1, 14, 22, 16, 43, 530]))
        assert "? this film was just brilliant" == decoding.model_dump()["text"]


@needs_files
@needs_datasets
def test_the_975_dropped_stories_are_those_with_the_text_of_another(keras_files: None, tmp_path: Path) -> None:
    """Against the right texts in the same order: the kept stories share their words, the dropped ones do not."""
    import keras

    (train, _), (test, _) = keras.datasets.reuters.load_data(seed=published.REUTERS_SEED)
    words = published._words(keras.datasets.reuters.get_word_index())
    texts = published._texts([*train, *test], words)
    right = pq.read_table(Path(DATASETS) / "reuters.parquet", columns=["text"]).column("text").to_pylist()
    places = published.file_places(len(texts), published.REUTERS_SEED)
    dropped = np.isin(places, list(MISTEXTED))
    shared = np.array([overlap(a.split(), words_of(b)) for a, b in zip(texts, right, strict=True)])

    assert 975 == dropped.sum() == len(MISTEXTED)
    assert shared[~dropped].min() > 0.5
    assert np.median(shared[dropped]) < 0.1
    assert np.percentile(shared[dropped], 99) < 0.5


def overlap(first: list[str], second: list[str]) -> float:
    """Shared words over all words of both."""
    a, b = set(first) - {"reuter", "3", "lt"}, set(second) - {"reuter", "3", "lt"}
    return len(a & b) / max(1, len(a | b))


def test_a_failed_download_names_the_file_the_setting_and_the_alternative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy"):  # nothing listens there
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    from keras.src.utils import file_utils

    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path / "keras"))
    task = TASKS.get("digits")
    info = task.datasets[0]

    with pytest.raises(DatasetUnavailable) as error:
        published.fetch(task, info, tmp_path / "mnist.parquet", lambda _: None)

    for word in ("mnist.parquet", "DENSELY_DATASETS_DIR", "dataset 'sample'"):
        assert word in error.value.message
    assert str(tmp_path) not in error.value.message
    assert not (tmp_path / "mnist.parquet").exists()


def test_a_download_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loader that writes into Keras' cache as a slow network would."""
    (tmp_path / "datasets").mkdir()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(published, "PROGRESS_SECONDS", 0.01)
    told = threading.Event()
    messages: list[str] = []

    def log(message: str) -> None:
        messages.append(message)
        if message.startswith("downloaded"):
            told.set()

    def load(_task: object, _log: object) -> published.Table:
        with (tmp_path / "datasets" / "mnist.npz").open("wb") as file:
            while not told.is_set():
                file.write(bytes(100_000))
                file.flush()
        return {"pixels": np.zeros((2, 784), np.uint8), "label": [0, 1], "split": ["train", "test"]}, []

    monkeypatch.setitem(published._IMPORTS, "mnist", load)
    task = TASKS.get("digits")
    published.fetch(task, task.datasets[0], tmp_path / "mnist.parquet", log)

    assert any(message.startswith("downloaded ") and message.endswith(" MB") for message in messages)
