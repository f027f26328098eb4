"""A run's dataset as examples: read or fetched, its encoder learnt, its rows encoded; or all of that from the cache."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.datasets.catalog import Dataset, DatasetCatalog
from app.datasets.encoded import EncodedCache, Entry, from_arrays, to_arrays
from app.domain.counting import counted
from app.domain.recipes import HEADS, Recipe
from app.domain.tables import MixedColumns
from app.encoding.encoder import Encoder
from app.encoding.n_grams import NGramEncoder
from app.encoding.rows import Encoded, SparseRows
from app.errors import DatasetInvalid, DatasetUnavailable, EntryDamaged, Unusable, told
from app.kinds.base import Task
from app.training import published
from app.training.examples import Examples
from app.training.weighing import directions, naive_bayes
from app.wire.declarations import DatasetInfo, Label

Log = Callable[[str], None]


PIECES = 4  # sentences for each text, at most
SEED = 4  # of which ones


@dataclass(frozen=True)
class Pieces:
    """Parts of training rows that are rows of their own, with their targets."""

    rows: SparseRows
    owners: NDArray[np.int64]  # (pieces,) the number of the training row that each is of


@dataclass(frozen=True)
class Seen:
    """The rows as a fit sees them, whose encoder may have learnt from those that are trained on."""

    encoder: Encoder
    train: Encoded
    pieces: SparseRows | None
    test: Encoded
    directions: NDArray[np.float32] | None = None  # (width,) of weights that are interpolated


@dataclass(frozen=True)
class Prepared:
    """Everything that training needs to know of the data; targets are as `Task.targets` gives them."""

    info: DatasetInfo
    sha256: str
    notes: list[str]
    encoder: Encoder
    labels: list[Label]  # what each output unit stands for; empty for regression
    train: Examples
    test: Examples
    read: Callable[[], Dataset]  # the raw rows, which training itself does not need
    pieces: Pieces | None = None

    def seen_after(self, numbers: NDArray[np.int64]) -> Seen:
        """What a fit on these training rows sees: of n-grams whose weights labels tell, no others' labels."""
        pieces = self.pieces.rows if self.pieces else None
        if not self.has_open_weights:
            return Seen(self.encoder, self.train.rows, pieces, self.test.rows)
        train, test, encoder = self.train.rows, self.test.rows, self.encoder
        assert isinstance(encoder, NGramEncoder)
        assert isinstance(train, SparseRows)
        assert isinstance(test, SparseRows)
        own, targets = train.take(numbers), self.train.targets[numbers]
        encoder = encoder.with_scale(naive_bayes(own, targets))
        towards = directions(own, targets) if encoder.features.interpolation < 1 else None
        weighted = encoder.weighted
        return Seen(encoder, weighted(train), weighted(pieces) if pieces else None, weighted(test), towards)

    @property
    def has_open_weights(self) -> bool:
        """Whether each fit learns the weights of the columns from its own rows."""
        return isinstance(self.encoder, NGramEncoder) and self.encoder.scale is None


def prepare(
    catalog: DatasetCatalog, cache: EncodedCache, task: Task, dataset_name: str, recipe: Recipe, log: Log
) -> Prepared:
    """Read, fetching the published file if there is none, and encode; or take what a former run has kept.

    Raises:
        DatasetUnavailable, DatasetInvalid: see the message.
    """
    info = task.dataset(dataset_name)
    if info is None:
        raise DatasetInvalid(f"task {task.name!r} has no dataset {dataset_name!r}")
    _have(catalog, task, info, log)
    target = task.target_of(recipe.head)

    def read() -> Dataset:
        return catalog.read(task, info, target)

    key, sha256 = None, ""
    if not info.is_built_in:  # those are drawn anew faster than they are told apart
        sha256 = catalog.checksum(info)
        key = cache.key(dataset=sha256, task=task.name, **_versions(task, recipe))
        try:
            if entry := cache.get(key):
                log(f"dataset {info.name}: encoded rows of a former run")
                return _from_entry(task, info, sha256, entry, read)
        except EntryDamaged:
            log(f"dataset {info.name}: the encoded rows of a former run are damaged on the disk, and are made anew")
    log(f"dataset {info.name}: reading and encoding its rows")
    prepared = _encode(task, info, read(), recipe, read)
    for note in prepared.notes:
        log(f"dataset {info.name}: {note}")
    rows = f"{len(prepared.train)} training and {counted(len(prepared.test), 'test row')}"
    log(f"prepared {rows} of {counted(prepared.encoder.width, 'number')}")
    # Not if the file was replaced between its checksum and its reading: its rows belong under another key.
    if key and prepared.sha256 == sha256 and (reason := cache.put(key, *_to_entry(prepared))):
        log(f"the encoded rows are not kept for the next run: {reason}")
    return prepared


def _have(catalog: DatasetCatalog, task: Task, info: DatasetInfo, log: Log) -> None:
    """Fetch the dataset's file if it is not here.

    Raises:
        DatasetUnavailable: it cannot be fetched.
        StoreAway: the object store did not answer for long.
    """
    if not catalog.is_here(info):
        published.fetch(task, info, catalog.path(info), log)
    try:
        catalog.file(info)
    except Unusable as error:  # an object store that has to be mended first
        raise DatasetUnavailable(error.message) from error


def _versions(task: Task, recipe: Recipe) -> dict[str, Any]:
    """What decides how a dataset's rows are encoded."""
    features = recipe.features.model_dump(mode="json")
    versions = {"head": recipe.head, "features": features, "encoder": task.encoder_version}
    if isinstance(recipe.features, MixedColumns):  # which are read as the task declares them
        versions["kind"] = task.declaration.kind.model_dump(mode="json")
    return versions


def _encode(task: Task, info: DatasetInfo, dataset: Dataset, recipe: Recipe, read: Callable[[], Dataset]) -> Prepared:
    head = recipe.head
    labels = task.label_set(dataset.train.target, head)
    if len(labels) > 2 and not HEADS[head].unit_per_label:
        raise DatasetInvalid(f"dataset {info.name!r} has {len(labels)} labels; a {head} head tells two apart")
    try:
        if dataset.index:
            encoder = task.index_encoder(recipe.features, dataset.index)
        else:
            encoder = task.fit_encoder(recipe.features, dataset.train.columns)
        train, test = (
            Examples(encoder.encode(rows.columns), task.targets(rows.target, labels, head))
            for rows in (dataset.train, dataset.test)
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise DatasetInvalid(
            f"the columns of dataset {info.name!r} do not hold what the task takes: {told(error)}"
        ) from error
    if labels and head != "multilabel" and (test.targets < 0).any():
        raise DatasetInvalid("the test split holds labels that the training split does not")
    pieces = None
    if isinstance(encoder, NGramEncoder) and (encoder.features.sentences or HEADS[head].is_of_labels):
        pieces = Pieces(*encoder.pieces(dataset.train.columns, PIECES * len(train), SEED))
    return Prepared(info, dataset.sha256, dataset.notes, encoder, labels, train, test, read, pieces)


def _to_entry(prepared: Prepared) -> tuple[dict[str, Any], dict[str, Any]]:
    arrays: dict[str, Any] = {}
    for name, examples in (("train", prepared.train), ("test", prepared.test)):
        arrays |= to_arrays(examples.rows, name) | {f"{name}_targets": examples.targets}
    if prepared.pieces:
        arrays |= to_arrays(prepared.pieces.rows, "pieces") | {"pieces_owners": prepared.pieces.owners}
    meta = {"encoder": prepared.encoder.to_json(), "labels": prepared.labels, "notes": prepared.notes}
    return arrays, meta


def _from_entry(task: Task, info: DatasetInfo, sha256: str, entry: Entry, read: Callable[[], Dataset]) -> Prepared:
    encoder = task.load_encoder(entry.meta["encoder"])
    train, test = (
        Examples(from_arrays(entry.arrays, name, encoder.width), np.asarray(entry.arrays[f"{name}_targets"]))
        for name in ("train", "test")
    )
    pieces = None
    if "pieces_owners" in entry.arrays:
        rows = from_arrays(entry.arrays, "pieces", encoder.width)
        assert isinstance(rows, SparseRows)
        pieces = Pieces(rows, np.asarray(entry.arrays["pieces_owners"]))
    return Prepared(info, sha256, entry.meta["notes"], encoder, entry.meta["labels"], train, test, read, pieces)
