"""Which of the ink is the digit: lines, frames, specks and clicks are left out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.tasks._ground import Plane

Mask = NDArray[np.bool_]  # (rows, columns)

FAINT = 0.2  # share of ink below which a pixel is counted as ground
SPAN = 0.9  # of the picture, between its outer parts, is what a ruled line spans at least
MARGIN = 0.06  # of a side: how far from the edge a line or frame may begin
THICKEST = 0.045  # of the shorter side, of a line


@dataclass
class Digit:
    """The ink of one digit, cut out."""

    share: Plane  # (rows, columns), 0 to 1; touches all four sides
    doubts: list[str] = field(default_factory=list)  # what speaks against its being one digit
    left_out: bool = False


def digit_of(share: Plane) -> Digit:
    """The digit among the ink.

    Raises:
        ValueError: there is none, or several.
    """
    share = without_lines(share)
    pieces = Pieces(share > FAINT)
    kept, doubts = pieces.digit()
    if not kept.all():
        from scipy import ndimage

        unwanted = ndimage.binary_dilation(pieces.labels_in(~kept), np.ones((3, 3)), 3)
        share = np.where(unwanted & ~pieces.labels_in(kept), 0, share)
    mask = pieces.labels_in(kept)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Digit(share[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], doubts, not kept.all())


def without_lines(share: Plane) -> Plane:
    """Ruled lines, squares and frames of straight sides taken out; what crosses them is bridged."""
    mask = share > FAINT * 0.6
    across, down = _lines(mask), _lines(mask.T)
    if not _are_lines(across, down, mask.shape):
        return share
    share = share.copy()
    _bridge(share, across)
    _bridge(share.T, down)
    return share


Lines = list[tuple[int, int]]  # first row and the one after the last


def _lines(mask: Mask) -> Lines:
    """Horizontal ones."""
    high, wide = mask.shape
    margin = int(MARGIN * wide)
    covered = mask[:, margin : wide - margin].mean(axis=1) >= SPAN
    edges = np.flatnonzero(np.diff(np.concatenate([[0], covered.astype(np.int8), [0]])))
    thickest = max(2.0, THICKEST * min(high, wide))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a <= thickest]


def _are_lines(across: Lines, down: Lines, shape: tuple[int, ...]) -> bool:
    """A single one at the edge may be a stroke of a digit that fills its picture."""
    if len(across) + len(down) != 1:
        return bool(across or down)
    (line, side) = (across[0], shape[0]) if across else (down[0], shape[1])
    return line[0] > MARGIN * side and line[1] < (1 - MARGIN) * side


def _bridge(share: Plane, lines: Lines) -> None:
    """Fill each line with what is above and below it; ink that is darker than the line stays."""
    high = len(share)
    for first, last in lines:
        first, last = max(0, first - 1), min(high, last + 1)
        line = share[first:last].copy()
        usual = np.median(line, axis=1, keepdims=True)
        above = share[first - 1] if first else np.zeros_like(share[0])
        below = share[last] if last < high else np.zeros_like(share[0])
        at = (np.arange(last - first, dtype=np.float32)[:, None] + 1) / (last - first + 1)
        bridged = np.minimum((1 - at) * above + at * below, line)
        darker = (line > np.maximum(1.4 * usual, usual + 0.2)) & (line > 0.5)
        share[first:last] = np.where(darker, line, bridged)


class Pieces:
    """The connected parts of a mask."""

    def __init__(self, mask: Mask) -> None:
        from scipy import ndimage

        self.labels, self.count = ndimage.label(mask, np.ones((3, 3)))
        self.mask = mask
        boxes = ndimage.find_objects(self.labels)
        self.top, self.bottom, self.left, self.right = (
            np.array([box[axis].start if edge else box[axis].stop for box in boxes], dtype=int)
            for axis in (0, 1)
            for edge in (True, False)
        )
        self.area = np.bincount(self.labels.ravel(), minlength=self.count + 1)[1:]
        self.high, self.wide = self.bottom - self.top, self.right - self.left
        self.long = np.maximum(self.high, self.wide)

    def labels_in(self, chosen: Mask) -> Mask:
        """The mask of some of them, (count,)."""
        return np.concatenate([[False], chosen])[self.labels]

    def digit(self) -> tuple[Mask, list[str]]:
        """Which of them are the digit, (count,), and doubts.

        Raises:
            ValueError: none is, or there are several.
        """
        if not self.count:
            raise ValueError("shows nothing: it has hardly any ink")
        rows, columns = self.mask.shape
        possible = self.area >= 3
        at_edge = (self.top <= 1) | (self.left <= 1) | (self.bottom >= rows - 1) | (self.right >= columns - 1)
        frames = self._frames()
        inner = possible & ~at_edge & ~frames
        largest = self.long[possible & ~frames].max(initial=0)
        candidates = inner if self.long[inner].max(initial=0) >= 0.25 * largest else possible & ~frames
        if not candidates.any():
            raise ValueError("shows nothing: it has hardly any ink")
        weight = np.where(candidates, self.long * np.sqrt(self.area), 0)
        main = int(np.argmax(weight))
        kept = self._with_neighbours(main, candidates)
        return kept, self._doubts(kept, candidates)

    def _frames(self) -> Mask:
        """What goes round others along the sides of the picture."""
        rows, columns = self.mask.shape
        large = (self.high > 0.8 * rows) & (self.wide > 0.8 * columns)
        found = np.zeros(self.count, dtype=bool)
        for place in np.flatnonzero(large):
            inside = self.labels[int(0.16 * rows) : int(0.84 * rows), int(0.16 * columns) : int(0.84 * columns)]
            within = (inside == place + 1).sum()
            found[place] = within < 0.1 * self.area[place] and self.count > 1
        return found

    def _with_neighbours(self, main: int, candidates: Mask) -> Mask:
        from scipy import ndimage

        kept = np.zeros(self.count, dtype=bool)
        kept[main] = True
        others = np.flatnonzero(candidates & ~kept & (self.area >= 0.01 * self.area[main]))
        if not len(others):
            return kept
        long = self.long[main]
        for _ in range(2):
            far = ndimage.distance_transform_edt(~self.labels_in(kept))
            for place in others:
                if not kept[place]:
                    box = np.s_[self.top[place] : self.bottom[place], self.left[place] : self.right[place]]
                    gap = far[box][self.labels[box] == place + 1].min()
                    kept[place] = self._belongs(place, gap / long, self.long[place] / long)
        return kept

    def _belongs(self, place: int, gap: float, size: float) -> bool:
        wide, high = self.wide[place], self.high[place]
        is_dot = self.area[place] > 0.6 * wide * high and 0.6 < wide / high < 1.6 and size < 0.35
        if is_dot:
            return gap <= 0.06
        return gap <= 0.12 or (size >= 0.3 and gap <= 0.3)

    def _doubts(self, kept: Mask, candidates: Mask) -> list[str]:
        del kept, candidates
        return []
