"""The connected parts of ink, where they lie and how large they are; which of them may be a digit."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]  # (rows, columns)
Chosen = NDArray[np.bool_]  # (pieces,)

SMALLEST = 0.03  # of the picture's longer side, of a digit
ALIKE = 0.35  # of the digit's longer side: what is as long beside it is another one
MOST_COMPARED = 200  # pieces, each with each other

NOTHING = "shows nothing: it has hardly any ink"


class Pieces:
    """The connected parts of a mask."""

    def __init__(self, mask: Mask) -> None:
        from scipy import ndimage

        self.shape = mask.shape
        self.labels, self.count = ndimage.label(mask, np.ones((3, 3)))
        self.boxes = ndimage.find_objects(self.labels)
        edges = [(rows.start, rows.stop, columns.start, columns.stop) for rows, columns in self.boxes]
        self.top, self.bottom, self.left, self.right = np.array(edges, dtype=int).reshape(-1, 4).T
        self.area = np.bincount(self.labels.ravel(), minlength=self.count + 1)[1:]
        self.high, self.wide = self.bottom - self.top, self.right - self.left
        self.long = np.maximum(self.high, self.wide)
        self.is_dot = (self.area > 0.6 * self.wide * self.high) & (self.wide < 1.6 * self.high)
        self.is_dot &= self.high < 1.6 * self.wide

    def stroke(self, place: int) -> float:
        """The mean width of a piece's strokes, pixels."""
        from scipy import ndimage

        piece = np.pad(self.labels[self.boxes[place]] == place + 1, 1)
        return 4 * float(ndimage.distance_transform_edt(piece)[piece].mean()) - 1

    def mask_of(self, chosen: Chosen) -> Mask:
        """The pixels of some of them."""
        mask: Mask = np.concatenate([[False], chosen])[self.labels]
        return mask

    def candidates(self, edge_too: bool) -> Chosen:
        """What may be part of a digit: not what runs off the picture, if there is anything else.

        Raises:
            ValueError: nothing may.
        """
        possible = (self.area >= 3) & ~self.frames()
        rows, columns = self.shape
        inner = possible & (self.top > 1) & (self.left > 1) & (self.bottom < rows - 1) & (self.right < columns - 1)
        largest = self.long[possible].max(initial=0)
        if edge_too and self.long[inner].max(initial=0) < 0.25 * largest:
            inner = possible
        if self.long[inner].max(initial=0) < max(4, SMALLEST * max(self.shape)):
            raise ValueError(NOTHING)
        return np.asarray(inner)

    def frames(self) -> Chosen:
        """What goes round others along the sides of the picture."""
        rows, columns = self.shape
        found: Chosen = np.zeros(self.count, dtype=bool)
        for place in np.flatnonzero((self.high > 0.8 * rows) & (self.wide > 0.8 * columns)):
            inside = self.labels[int(0.16 * rows) : int(0.84 * rows), int(0.16 * columns) : int(0.84 * columns)]
            found[place] = (inside == place + 1).sum() < 0.1 * self.area[place] and self.count > 1
        for other in np.flatnonzero(self._surround() & ~found).tolist():
            found[other] = self._is_box(other)
        return found

    def _surround(self) -> Chosen:
        """Pieces that have others within their boxes."""
        inside = [
            (self.top < self.top[:, None]) & (self.bottom > self.bottom[:, None]),
            (self.left < self.left[:, None]) & (self.right > self.right[:, None]),
            self.long[:, None] > 0.3 * self.long,
        ] if self.count <= MOST_COMPARED else [np.zeros((1, self.count), dtype=bool)]  # fmt: skip
        return np.asarray(np.logical_and.reduce(inside).any(axis=0))

    def _is_box(self, place: int) -> bool:
        """Whether a piece has four straight sides, and nothing else."""
        piece = self.labels[self.boxes[place]] == place + 1
        high, wide = (max(1, round(0.1 * side)) for side in piece.shape)
        sides = (piece[:high].any(axis=0), piece[-high:].any(axis=0), piece[:, :wide].any(axis=1),
                 piece[:, -wide:].any(axis=1))  # fmt: skip
        within = piece[high:-high, wide:-wide].sum()
        return min(side.mean() for side in sides) > 0.9 and bool(within < 0.05 * piece.sum())

    def of_digit(self, candidates: Chosen) -> tuple[Chosen, Chosen]:
        """The largest, and what is near enough to belong to it; and which of these lie apart all the same."""
        from scipy import ndimage

        main = int(np.argmax(np.where(candidates, self.long * np.sqrt(self.area), 0)))
        kept, apart = np.arange(self.count) == main, np.zeros(self.count, dtype=bool)
        others = np.flatnonzero(candidates & ~kept & (self.area >= 0.01 * self.area[main]))
        for _ in range(2 if len(others) else 0):
            far = ndimage.distance_transform_edt(~self.mask_of(kept))
            for place in others[~kept[others]]:
                box = self.boxes[place]
                gap = far[box][self.labels[box] == place + 1].min() / self.long[main]
                size = self.long[place] / self.long[main]
                is_near = gap <= 0.12 or (size >= 0.3 and gap <= 0.3)
                kept[place] = gap <= 0.06 if self.is_dot[place] and size < ALIKE else is_near
                apart[place] = kept[place] and gap > 0.06 and size >= 0.3
        return np.asarray(kept), apart
