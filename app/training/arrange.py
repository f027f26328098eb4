"""The rows of an epoch in batches of one shape, as a compiled program wants them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.encoding.rows import ByteRows, Encoded, FloatMatrix, SparseRows
from app.errors import TrainingError

MOST_IDS = 8_000_000  # arranged at once, 64 MB: longer epochs go in several parts
ROUNDED = 4_096  # places for ids come in multiples of it, so that another epoch fits the same program
MOST_PICKED = 2**27  # numbers of kernel rows that a batch picks, 512 MiB: beyond, its matrix may be smaller
MOST_CELLS = 2**31  # of a batch's matrix, which are numbered in 32 bits
MOST_KEPT = 2**28  # bytes of what comes again
DEVIATIONS = 6  # above the mean number of ids in a batch, which next to no batch exceeds

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Some batches of an epoch: all but `steps` are empty, and so are the places that `mask` says."""

    steps: int
    places: NDArray[np.int32]  # (batches, batch size) row numbers
    mask: NDArray[np.float32]  # (batches, batch size) 1 for a row, 0 for an empty place
    inputs: tuple[Any, ...]  # arrays or tensors, what `Rows` needs besides, batch by batch


class Rows(Protocol):
    """Encoded rows as the steps of a program take them."""

    def most_batches(self, batch_size: int) -> int:
        """How many batches one part may have."""

    def inputs(self, order: Numbers, batches: int, batch_size: int, *, again: bool = False) -> tuple[Any, ...]:
        """What `multiply` and `matrix` need to find the rows of a part. `again`: it will be asked for again."""

    def matrix(self, places: Any, inputs: tuple[Any, ...]) -> Any:
        """A batch as a (batch size, width) tensor; `places` and `inputs` are those of one batch."""

    def multiply(self, kernel: Any, places: Any, inputs: tuple[Any, ...]) -> Any:
        """A batch times a (width, units) kernel."""


class DenseRows:
    """Rows of plain numbers, which stay on the device."""

    def __init__(self, rows: FloatMatrix | ByteRows) -> None:
        """Bytes stay bytes on the device: a batch of them becomes float32 in the step that needs it."""
        self._scale = rows.scale if isinstance(rows, ByteRows) else None
        self._rows = tf.constant(rows.values if isinstance(rows, ByteRows) else rows)  # (n, width)

    def most_batches(self, batch_size: int) -> int:
        del batch_size
        return np.iinfo(np.int32).max

    def inputs(self, order: Numbers, batches: int, batch_size: int, *, again: bool = False) -> tuple[Any, ...]:
        del order, batches, batch_size, again
        return ()

    def matrix(self, places: Any, inputs: tuple[Any, ...]) -> Any:
        del inputs
        picked = tf.gather(self._rows, places)
        return picked if self._scale is None else tf.cast(picked, tf.float32) / self._scale

    def multiply(self, kernel: Any, places: Any, inputs: tuple[Any, ...]) -> Any:
        return tf.matmul(self.matrix(places, inputs), kernel)


class HotRows:
    """Sparse rows, which become a matrix only where a recipe has something before its first dense layer.

    A batch times a kernel is the sum of the kernel rows where it has its ones, or its values. All ids of a batch stand
    in one array, each with the number of its row in another, and its value in a third if it has one; they are arranged
    anew for each epoch, but for those that come again, such as held-out rows.
    """

    def __init__(self, rows: SparseRows) -> None:
        self._rows = rows
        self._kept: dict[tuple[bytes, int, int], tuple[Any, ...]] = {}
        self._kept_bytes = 0
        self._lengths = np.diff(rows.offsets)
        self._room: dict[int, int] = {}  # places for ids, by batch size

    def most_batches(self, batch_size: int) -> int:
        return max(1, MOST_IDS // self._room_for(batch_size))

    def inputs(self, order: Numbers, batches: int, batch_size: int, *, again: bool = False) -> tuple[Any, ...]:
        if not again:
            return self._arranged(order, batches, batch_size)
        key = (hashlib.blake2b(order.tobytes()).digest(), batches, batch_size)
        if (found := self._kept.get(key)) is not None:
            return found
        made = self._arranged(order, batches, batch_size)
        size = sum(array.nbytes for array in made)
        # The first ones stay: of orders that come round and round, dropping the oldest would keep none.
        if self._kept_bytes + size <= MOST_KEPT:
            self._kept_bytes += size
            made = self._kept[key] = tuple(tf.constant(array) for array in made)
        return made

    def _arranged(self, order: Numbers, batches: int, batch_size: int) -> tuple[NDArray[Any], ...]:
        lengths = self._lengths[order]
        bounds = np.append(np.arange(0, len(order), batch_size), len(order))
        ends = np.concatenate(([0], np.cumsum(lengths)))
        totals = np.diff(ends[bounds])
        room = max(self._room_for(batch_size), _rounded(int(totals.max(initial=0))))
        self._room[batch_size] = room
        picked = np.repeat(self._rows.offsets[order] - ends[:-1], lengths) + np.arange(ends[-1])
        found = self._rows.indices[picked]
        weights = None if self._rows.values is None else self._rows.values[picked]
        owners = np.repeat(np.arange(len(order), dtype=np.int32) % batch_size, lengths)
        ids = np.zeros((batches, room), dtype=np.int32)
        of_row = np.full((batches, room), batch_size, dtype=np.int32)  # no row of the batch: an empty place
        values = np.zeros((batches, room), dtype=np.float32)
        for step, (start, total) in enumerate(zip(ends[bounds[:-1]].tolist(), totals.tolist(), strict=True)):
            ids[step, :total] = found[start : start + total]
            of_row[step, :total] = owners[start : start + total]
            if weights is not None:
                values[step, :total] = weights[start : start + total]
        return (ids, of_row) if weights is None else (ids, of_row, values)

    def matrix(self, places: Any, inputs: tuple[Any, ...]) -> Any:
        ids, of_row, *values = inputs
        size = places.shape[0]
        if (size + 1) * self._rows.width >= MOST_CELLS:
            raise TrainingError(
                f"a batch of {size:,} rows of {self._rows.width:,} words is too large for a matrix: "
                "take smaller batches, or a dense layer first"
            )
        cells = of_row * self._rows.width + ids
        found = values[0] if values else tf.ones_like(ids, dtype=tf.float32)
        flat = tf.math.unsorted_segment_sum(found, cells, (size + 1) * self._rows.width)
        return tf.reshape(flat, (size + 1, self._rows.width))[:size]

    def multiply(self, kernel: Any, places: Any, inputs: tuple[Any, ...]) -> Any:
        ids, of_row, *values = inputs
        size = places.shape[0]
        picked, cells = ids.shape[0] * kernel.shape[1], (size + 1) * self._rows.width
        if picked > MOST_PICKED and cells < min(picked, MOST_CELLS):
            return tf.matmul(self.matrix(places, inputs), kernel)
        # One row more, for the empty places: cut off, it counts nothing, neither here nor in the gradient.
        rows = tf.gather(kernel, ids)
        rows = rows * values[0][:, None] if values else rows
        return tf.math.unsorted_segment_sum(rows, of_row, size + 1)[:size]

    def _room_for(self, batch_size: int) -> int:
        if batch_size not in self._room:
            usual = float(self._lengths.mean()) * batch_size
            above = DEVIATIONS * float(self._lengths.std()) * batch_size**0.5
            self._room[batch_size] = _rounded(min(int(usual + above), int(self._lengths.sum())))
        return self._room[batch_size]


def on_device(rows: Encoded) -> Rows:
    """The rows, of whichever kind."""
    return HotRows(rows) if isinstance(rows, SparseRows) else DenseRows(rows)


def parts(rows: Rows, order: Numbers, batches: int, batch_size: int, *, again: bool = False) -> Iterator[Part]:
    """The batches of an epoch in this order, in parts of at most `batches`, which all have the same shapes.

    One after the other, so that only one of them takes room; those that come `again` are kept, as far as there is some.
    """
    batches = min(batches, rows.most_batches(batch_size))
    for start in range(0, max(1, len(order)), batches * batch_size):
        some = order[start : start + batches * batch_size]
        places = places_of(some, batches * batch_size)
        mask = (np.arange(batches * batch_size) < len(some)).astype(np.float32)
        shape = (batches, batch_size)
        steps = -(-len(some) // batch_size)
        inputs = rows.inputs(some, batches, batch_size, again=again)
        yield Part(steps, places.reshape(shape), mask.reshape(shape), inputs)


def places_of(order: Numbers, room: int) -> NDArray[np.int32]:
    """(room,) row numbers; empty places repeat rows from the first on.

    Even a row that counts nothing must have finite outputs, and be as usual where a batch is normalized.
    """
    return np.resize(order, room).astype(np.int32)


def _rounded(count: int) -> int:
    return -(-max(count, 1) // ROUNDED) * ROUNDED
