"""The rows of an epoch in batches of one shape, as a compiled program wants them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.encoding.rows import ByteRows, Encoded, FloatMatrix, SparseRows
from app.errors import TrainingError
from app.training.copies import Copies

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

    def inputs(
        self, order: Numbers, batches: int, batch_size: int, shares: int = 1, *, again: bool = False
    ) -> tuple[Any, ...]:
        """What `multiply` and `matrix` need to find the rows of a part, or of each share of its batches in turn.

        `again`: it will be asked for again.
        """

    def matrix(self, places: Any, inputs: tuple[Any, ...]) -> Any:
        """A batch as a (batch size, width) tensor; `places` and `inputs` are those of one batch."""

    def multiply(self, kernel: Any, places: Any, inputs: tuple[Any, ...], precision: str = "float32") -> Any:
        """A batch times a (width, units) kernel; `precision`: of a product of matrices."""


class DenseRows:
    """Rows of plain numbers, which stay on the device."""

    def __init__(self, rows: FloatMatrix | ByteRows, devices: Sequence[str] = ()) -> None:
        """Bytes stay bytes on the device: a batch of them becomes float32 in the step that needs it."""
        self._scale = rows.scale if isinstance(rows, ByteRows) else None
        self._rows = Copies(rows.values if isinstance(rows, ByteRows) else rows, devices)  # (n, width)

    def most_batches(self, batch_size: int) -> int:
        del batch_size
        return np.iinfo(np.int32).max

    def inputs(
        self, order: Numbers, batches: int, batch_size: int, shares: int = 1, *, again: bool = False
    ) -> tuple[Any, ...]:
        del order, batches, batch_size, shares, again
        return ()

    def matrix(self, places: Any, inputs: tuple[Any, ...]) -> Any:
        del inputs
        picked = tf.gather(self._rows.here, places)
        return picked if self._scale is None else tf.cast(picked, tf.float32) / self._scale

    def multiply(self, kernel: Any, places: Any, inputs: tuple[Any, ...], precision: str = "float32") -> Any:
        return tf.matmul(tf.cast(self.matrix(places, inputs), precision), tf.cast(kernel, precision))


class HotRows:
    """Sparse rows, which become a matrix only where a recipe has something before its first dense layer.

    A batch times a kernel is the sum of the kernel rows where it has its ones, or its values. All ids of a batch stand
    in one array, each with the number of its row in another, and its value in a third if it has one; they are arranged
    anew for each epoch, but for those that come again, such as held-out rows.
    """

    def __init__(self, rows: SparseRows) -> None:
        self._rows = rows
        self._kept: dict[tuple[bytes, int, int, int], tuple[Any, ...]] = {}
        self._kept_bytes = 0
        self._lengths = np.diff(rows.offsets)
        self._room: dict[int, int] = {}  # places for ids, by batch size

    def most_batches(self, batch_size: int) -> int:
        return max(1, MOST_IDS // self._room_for(batch_size))

    def inputs(
        self, order: Numbers, batches: int, batch_size: int, shares: int = 1, *, again: bool = False
    ) -> tuple[Any, ...]:
        if not again:
            return self._arranged(order, batches, batch_size, shares)
        key = (hashlib.blake2b(order.tobytes()).digest(), batches, batch_size, shares)
        if (found := self._kept.get(key)) is not None:
            return found
        made = self._arranged(order, batches, batch_size, shares)
        size = sum(array.nbytes for array in made)
        # The first ones stay: of orders that come round and round, dropping the oldest would keep none.
        if self._kept_bytes + size <= MOST_KEPT:
            self._kept_bytes += size
            made = self._kept[key] = tuple(tf.constant(array) for array in made)
        return made

    def _arranged(self, order: Numbers, batches: int, batch_size: int, shares: int) -> tuple[NDArray[Any], ...]:
        size = share_of(batch_size, shares)
        lengths = self._lengths[order]
        bounds = bounds_of(len(order), batch_size, shares)
        ends = np.concatenate(([0], np.cumsum(lengths)))
        totals = np.diff(ends[bounds])
        room = max(self._room_for(size), _rounded(int(totals.max(initial=0))))
        self._room[size] = room
        picked = np.repeat(self._rows.offsets[order] - ends[:-1], lengths) + np.arange(ends[-1])
        found = self._rows.indices[picked]
        weights = None if self._rows.values is None else self._rows.values[picked]
        in_share = np.arange(len(order)) - np.repeat(bounds[:-1], np.diff(bounds))
        owners = np.repeat(in_share.astype(np.int32), lengths)
        ids = np.zeros((batches * shares, room), dtype=np.int32)
        of_row = np.full(ids.shape, size, dtype=np.int32)  # no row of the share: an empty place
        values = np.zeros(ids.shape, dtype=np.float32)
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

    def multiply(self, kernel: Any, places: Any, inputs: tuple[Any, ...], precision: str = "float32") -> Any:
        ids, of_row, *values = inputs
        size = places.shape[0]
        picked, cells = ids.shape[0] * kernel.shape[1], (size + 1) * self._rows.width
        if picked > MOST_PICKED and cells < min(picked, MOST_CELLS):
            return tf.matmul(tf.cast(self.matrix(places, inputs), precision), tf.cast(kernel, precision))
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


def on_device(rows: Encoded, devices: Sequence[str] = ()) -> Rows:
    """The rows, of whichever kind; plain numbers on each of these devices, if some are named."""
    return HotRows(rows) if isinstance(rows, SparseRows) else DenseRows(rows, devices)


def parts(
    rows: Rows, order: Numbers, batches: int, batch_size: int, shares: int = 1, *, again: bool = False
) -> Iterator[Part]:
    """The batches of an epoch in this order, in parts of at most `batches`, which all have the same shapes.

    One after the other, so that only one of them takes room; those that come `again` are kept, as far as there is some.
    Of several `shares` a batch's places are those of one after the other, all of the same number; its inputs are each
    share's: (batches x shares, ...).
    """
    batches = min(batches, rows.most_batches(batch_size))
    width = share_of(batch_size, shares) * shares
    repeated = np.arange(width) % batch_size  # a last share that is smaller has rows again, which do not count
    for start in range(0, max(1, len(order)), batches * batch_size):
        some = order[start : start + batches * batch_size]
        shape = (batches, batch_size)
        places = places_of(some, batches * batch_size).reshape(shape)[:, repeated]
        mask = (np.arange(batches * batch_size) < len(some)).reshape(shape)[:, repeated]
        mask &= np.arange(width) < batch_size
        inputs = rows.inputs(some, batches, batch_size, shares, again=again)
        yield Part(-(-len(some) // batch_size), places, mask.astype(np.float32), inputs)


def share_of(batch_size: int, shares: int) -> int:
    """Places of each share of a batch: the first ones are full, the last may have empty ones."""
    return -(-batch_size // shares)


def bounds_of(count: int, batch_size: int, shares: int) -> Numbers:
    """Where each share of each batch of so many rows begins, and where the last one ends."""
    starts = np.arange(0, count, batch_size)[:, None] + np.arange(shares) * share_of(batch_size, shares)
    ends = np.minimum(np.arange(0, count, batch_size) + batch_size, count)[:, None]
    return np.append(np.minimum(starts, ends), count)


def places_of(order: Numbers, room: int) -> NDArray[np.int32]:
    """(room,) row numbers; empty places repeat rows from the first on.

    Even a row that counts nothing must have finite outputs, and be as usual where a batch is normalized.
    """
    return np.resize(order, room).astype(np.int32)


def _rounded(count: int) -> int:
    return -(-max(count, 1) // ROUNDED) * ROUNDED
