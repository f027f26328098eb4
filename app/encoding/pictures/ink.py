"""Which of the ink is the digit: frames, specks and clicks are left out, and several digits are refused."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.background import Ink, Plane
from app.encoding.pictures.lines import without_cuts, without_lines
from app.encoding.pictures.signs import check_parts

Mask = NDArray[np.bool_]  # (rows, columns)
Chosen = NDArray[np.bool_]  # (pieces,)

FAINT = 0.2  # share of ink below which a pixel is counted as ground
SMALLEST = 0.03  # of the picture's longer side, of a digit
STRONG = 30.0  # grey values of contrast; fainter ink at the edge of a shaded picture is its shading
ALIKE = 0.35  # of the digit's longer side: what is as long beside it is another one
MOST_COMPARED = 200  # pieces, each with each other
MOST_PIECES = 4  # of one digit
WIDE = 2.2  # times as wide as high is no digit of MNIST
COHERENT = 0.6  # of the ink belongs to the digit, at least

NOTHING = "shows nothing: it has hardly any ink"
SEVERAL = "shows more than one digit; send a picture of each"
UNCLEAR = "shows no digit that can be told from the rest"


@dataclass(frozen=True)
class Digit:
    """The ink of one digit, cut out."""

    share: Plane  # (rows, columns), 0 to 1; touches all four sides
    box: tuple[slice, slice]  # its rows and columns in the picture
    doubts: tuple[str, ...]  # what speaks against its being one digit


def digit_of(ink: Ink, *, mended: bool = False) -> Digit:
    """The digit among the ink; `mended` if lines of paper over it are taken for cuts.

    Raises:
        ValueError: there is none, or several.
    """
    share = without_lines(ink.share)
    share = without_cuts(share) if mended else share
    pieces = Pieces(share > FAINT)
    candidates = pieces.candidates(ink.is_even or ink.contrast >= STRONG)
    kept, apart = pieces.of_digit(candidates)
    doubts = pieces.check(kept, apart, candidates)
    mask = pieces.mask_of(kept)
    if not kept.all():
        from scipy import ndimage

        others = ndimage.binary_dilation(pieces.mask_of(~kept), np.ones((3, 3)), 3)
        share = np.where(others & ~mask, 0, share)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    return Digit(share[box], box, doubts)


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
        possible = (self.area >= 3) & ~self._frames()
        rows, columns = self.shape
        inner = possible & (self.top > 1) & (self.left > 1) & (self.bottom < rows - 1) & (self.right < columns - 1)
        largest = self.long[possible].max(initial=0)
        if edge_too and self.long[inner].max(initial=0) < 0.25 * largest:
            inner = possible
        if self.long[inner].max(initial=0) < max(4, SMALLEST * max(self.shape)):
            raise ValueError(NOTHING)
        return np.asarray(inner)

    def _frames(self) -> Chosen:
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

    def check(self, kept: Chosen, apart: Chosen, candidates: Chosen) -> tuple[str, ...]:
        """Doubts whether the pieces that were kept are one digit.

        Raises:
            ValueError: they are not.
        """
        long = max(np.ptp([self.top[kept].min(), self.bottom[kept].max()]),
                   np.ptp([self.left[kept].min(), self.right[kept].max()]))  # fmt: skip
        others = candidates & ~kept
        if self._stand_side_by_side(kept) or (others & (self.long >= ALIKE * long) & ~self.is_dot).any():
            raise ValueError(SEVERAL)
        if kept.sum() > MOST_PIECES or self.area[kept].sum() < COHERENT * self.area[candidates].sum():
            raise ValueError(UNCLEAR)
        main = int(np.argmax(np.where(kept, self.long * np.sqrt(self.area), 0)))
        doubts = list(check_parts(self, main, kept, apart, candidates))
        if np.ptp([self.left[kept].min(), self.right[kept].max()]) > WIDE * np.ptp(
            [self.top[kept].min(), self.bottom[kept].max()]
        ):
            doubts.append("shows something much wider than high")
        if (others & (self.long >= 0.1 * long)).sum() > 2:
            doubts.append("shows other marks beside the digit, which were left out")
        if self.area[kept].sum() < COHERENT * self.area[~self._frames()].sum():
            doubts.append("shows more that runs off the picture than what was read")
        return tuple(doubts)

    def _stand_side_by_side(self, kept: Chosen) -> bool:
        tall = np.flatnonzero(kept & (self.high >= 0.6 * self.high[kept].max()))
        order = tall[np.argsort(self.left[tall])]
        for one, other in pairwise(order.tolist()):
            overlap = self.right[one] - self.left[other]
            if overlap <= 0.1 * min(self.wide[one], self.wide[other]):
                return True
        return False
