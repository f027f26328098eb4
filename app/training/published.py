"""Keras' published data sets as our Parquet form, for machines that do not have the files yet.

`keras.datasets` downloads, checks the checksum and caches; here the word ids become text again. What it loads is
only as good as what was published: 975 of the 11,228 Reuters stories carry the text of another one, and are dropped.
"""

import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.datasets.catalog import INDEX_KEY, NOTES_KEY
from app.errors import DatasetUnavailable, DenselyError, LeaseLost, Unavailable, told
from app.kinds.base import Task
from app.training._reuters import MISTEXTED
from app.wire.declarations import DatasetInfo

Log = Callable[[str], None]
Table = tuple[dict[str, Any], list[str]]  # columns with `split`, and notes on what was done to the rows

PROGRESS_SECONDS = 2.0  # between two lines about a download
NETWORK_TIMEOUT = 20.0  # seconds without a byte
REUTERS_SEED = 113  # Keras' default, which gives the split that everybody uses
LINE_BREAK = "br"  # a word of Keras' reviews, since they were split with their tags; of a raw review it is none
_INDEX_FROM = 3  # keras.datasets: word ids are ranks plus three


def fetch(task: Task, info: DatasetInfo, target: Path, log: Log) -> None:
    """Write the published data set to `target`, with the columns and labels of the task.

    Raises:
        DatasetUnavailable: it cannot be downloaded, or `target` cannot be written.
    """
    if info.published is None:
        raise DatasetUnavailable(f"{target.name} is missing, and there is no published file of dataset {info.name!r}")
    log(f"{target.name} is not in the datasets folder: importing {info.published}.npz as published by Keras")
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_TIMEOUT)
    try:
        with _download_progress(log):
            columns, notes = _IMPORTS[info.published](task, log)
            index = _by_rank(_INDICES[info.published]()) if info.published in _INDICES else []
    except (LeaseLost, Unavailable):
        raise  # of the log: no fault of the download
    except Exception as error:  # keras raises a bare Exception for every failure of a download
        raise DatasetUnavailable(
            f"{target.name} is not in the datasets folder (DENSELY_DATASETS_DIR), and Keras' published "
            f"{info.published}.npz cannot be loaded ({told(error)}). Put {target.name} into that folder, or train on "
            "dataset 'sample'."
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    _write(columns, {NOTES_KEY: notes, INDEX_KEY: index}, target)
    log(f"wrote {target.name}: {len(columns['split'])} rows")


@contextmanager
def _download_progress(log: Log) -> Iterator[None]:
    """Say how much has arrived in Keras' cache: its own progress bar is for a terminal."""
    cache = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "datasets"
    done = threading.Event()

    def arrived() -> int:
        return sum(path.stat().st_size for path in cache.glob("*") if path.is_file())

    def watch() -> None:
        before = told = arrived()
        with suppress(DenselyError, OSError):  # the import itself meets what is wrong
            while not done.wait(PROGRESS_SECONDS):
                if (now := arrived()) > told:
                    told = now
                    log(f"downloaded {(now - before) / 1e6:.1f} MB")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _write(columns: Mapping[str, Any], lists: Mapping[bytes, Sequence[str]], target: Path) -> None:
    """One Parquet file, in place only when it is whole."""
    arrays = {name: _arrow(values) for name, values in columns.items()}
    metadata = {key: json.dumps(list(values)).encode() for key, values in lists.items() if values}
    table = pa.table(arrays).replace_schema_metadata(metadata)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        pq.write_table(table, fresh, compression="zstd")
        fresh.replace(target)
    except OSError as error:
        raise DatasetUnavailable(f"{target.name} cannot be written: {told(error)}") from error


def _arrow(values: Any) -> Any:
    if isinstance(values, np.ndarray) and values.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    return pa.array(values)


def _splits(train: int, test: int) -> list[str]:
    return ["train"] * train + ["test"] * test


def _imdb(task: Task, log: Log) -> Table:
    (train, train_labels), (test, test_labels) = keras.datasets.imdb.load_data()
    log("decoding 50,000 reviews")
    words = _words(keras.datasets.imdb.get_word_index())
    words = {number: word for number, word in words.items() if word != LINE_BREAK}
    labels = [task.labels[int(label)] for label in (*train_labels, *test_labels)]
    columns = {"text": _texts((*train, *test), words), "label": labels, "split": _splits(len(train), len(test))}
    return columns, [
        "text decoded from Keras' word ids: lower case, without punctuation and line breaks",
        "word ids are those of keras.datasets.imdb",
    ]


def _reuters(task: Task, log: Log) -> Table:
    (train, train_labels), (test, test_labels) = keras.datasets.reuters.load_data(seed=REUTERS_SEED)
    log("decoding 11,228 stories")
    stories = [*train, *test]
    kept = np.flatnonzero(~np.isin(file_places(len(stories), REUTERS_SEED), list(MISTEXTED)))
    labels = np.concatenate([train_labels, test_labels])
    split = np.array(_splits(len(train), len(test)))
    words = _words(keras.datasets.reuters.get_word_index())
    columns = {
        "title": pa.nulls(len(kept), pa.string()),
        "text": _texts([stories[i] for i in kept], words),
        "label": [task.labels[int(labels[i])] for i in kept],
        "split": split[kept].tolist(),
    }
    return columns, [
        "text decoded from Keras' word ids: lower case, without punctuation; no headlines",
        "word ids are those of keras.datasets.reuters",
        f"{len(stories) - len(kept)} stories dropped whose published text is that of another story",
    ]


def file_places(count: int, seed: int) -> NDArray[np.int64]:
    """Where each story stands in the published file, in the order that Keras loads them: it shuffles with this seed."""
    places = np.arange(count)
    np.random.RandomState(seed).shuffle(places)
    return places


def _words(index: Mapping[str, int]) -> dict[int, str]:
    return {rank + _INDEX_FROM: word for word, rank in index.items()}


def _by_rank(index: Mapping[str, int]) -> list[str]:
    """The words of an index whose ranks are 1, 2, 3 and so on."""
    return sorted(index, key=index.__getitem__)


def _texts(sequences: Sequence[Sequence[int]], words: Mapping[int, str]) -> list[str]:
    """Ids back to words; the reserved ids (start, unknown) have none and vanish."""
    return [" ".join(words[i] for i in sequence if i in words) for sequence in sequences]


def _mnist(task: Task, log: Log) -> Table:
    del task, log
    (train, train_labels), (test, test_labels) = keras.datasets.mnist.load_data()
    columns = {
        "pixels": np.concatenate([train, test]).reshape(-1, 28 * 28),
        "label": np.concatenate([train_labels, test_labels]),
        "split": _splits(len(train), len(test)),
    }
    return columns, []


def _boston_housing(task: Task, log: Log) -> Table:
    del log
    (train, train_prices), (test, test_prices) = keras.datasets.boston_housing.load_data()
    rows = np.concatenate([train, test])
    columns: dict[str, Any] = {name: rows[:, i] for i, name in enumerate(task.input_columns)}
    columns |= {task.target: np.concatenate([train_prices, test_prices]), "split": _splits(len(train), len(test))}
    return columns, []


_IMPORTS: dict[str, Callable[[Task, Log], Table]] = {
    "imdb": _imdb,
    "reuters": _reuters,
    "mnist": _mnist,
    "boston_housing": _boston_housing,
}
_INDICES: dict[str, Callable[[], dict[str, int]]] = {
    "imdb": keras.datasets.imdb.get_word_index,
    "reuters": keras.datasets.reuters.get_word_index,
}
