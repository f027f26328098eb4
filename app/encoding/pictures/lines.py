"""Ruled lines, squares and straight frames, taken out of the ink of a picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.background import Plane

FAINT = 0.12  # share of ink above which a pixel may be one of a line
SPAN = 0.9  # of the picture, between its outer parts, is what a line spans at least
MARGIN = 0.06  # of a side: how far from the edge a line or frame may begin
THICKEST = 0.045  # of the shorter side, of a line

INKED = 0.5  # share of ink of what is a stroke's own
CUT = 0.34  # of a stroke's width, of a line across it; two digits are farther apart
WIDEST_CUT = 0.015  # of the longer side, of such a line
SLOPES = [step / 100 for step in range(-9, 10)]  # five degrees to each side

Lines = list[tuple[int, int]]  # first row and the one after the last


def without_lines(share: Plane) -> Plane:
    """(rows, columns): lines across the whole picture taken out, and what crosses them bridged.

    They may all be tilted by some degrees.
    """
    mask = share > FAINT
    slope = _slope(mask)
    across, down = _lines(_tilted(mask, slope)), _lines(_tilted(mask.T, -slope))
    if not _are_ruled(across, down, mask.shape):
        return share
    for lines, is_across in ((across, True), (down, False)):
        plane, tilt = (share, slope) if is_across else (share.T, -slope)
        level = _tilted(plane, tilt).copy()
        for line in lines:
            _bridge(level, *line)
        share = _tilted_back(level, tilt, len(plane))
        share = share if is_across else share.T
    return np.ascontiguousarray(share)


def without_cuts(share: Plane) -> Plane:
    """(rows, columns): strokes that light lines cut in pieces made whole."""
    from scipy import ndimage

    width = 2 * float(ndimage.distance_transform_edt(share > INKED).max())
    size = 1 + int(min(CUT * width, WIDEST_CUT * max(share.shape)))
    return np.asarray(ndimage.grey_closing(share, (size, size)))


def _slope(mask: NDArray[np.bool_]) -> float:
    """Rows by column of the lines: 0 where something is level already, or nothing goes from side to side."""
    if not (mask[:, 0].any() and mask[:, -1].any()) or _lines(mask) or _lines(mask.T):
        return 0.0
    half = mask[::2, ::2]
    best = max(SLOPES, key=lambda slope: np.sort(_tilted(half, slope).mean(axis=1))[-3:].sum())
    return best if _lines(_tilted(mask, best)) else 0.0


def _offsets(slope: float, columns: int) -> NDArray[np.int64]:
    """By how many rows each column is moved down in a plane that is as much higher."""
    offsets = np.round(-slope * np.arange(columns)).astype(np.int64)
    return np.asarray(offsets - offsets.min())


def _tilted(plane: Any, slope: float) -> Any:
    """A plane whose lines of this slope are level; what comes in is ground."""
    if not slope:
        return plane
    rows, columns = plane.shape
    offsets = _offsets(slope, columns)
    level = np.zeros((rows + offsets.max(), columns), dtype=plane.dtype)
    level[np.arange(rows)[:, None] + offsets, np.arange(columns)] = plane
    return level


def _tilted_back(level: Plane, slope: float, rows: int) -> Plane:
    if not slope:
        return level
    columns = level.shape[1]
    return np.asarray(level[np.arange(rows)[:, None] + _offsets(slope, columns), np.arange(columns)])


def _lines(mask: NDArray[np.bool_]) -> Lines:
    """Horizontal ones."""
    high, wide = mask.shape
    margin = int(MARGIN * wide)
    covered = mask[:, margin : wide - margin].mean(axis=1) >= SPAN
    edges = np.flatnonzero(np.diff(np.concatenate([[0], covered.astype(np.int8), [0]]))).tolist()
    thickest = max(2.0, THICKEST * min(high, wide))
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a <= thickest]


def _are_ruled(across: Lines, down: Lines, shape: tuple[int, ...]) -> bool:
    """A single line at the edge may be the stroke of a digit that fills its picture."""
    if len(across) + len(down) != 1:
        return bool(across or down)
    (line, side) = (across[0], shape[0]) if across else (down[0], shape[1])
    return line[0] > MARGIN * side and line[1] < (1 - MARGIN) * side


def _bridge(share: Plane, first: int, last: int) -> None:
    """Fill a line with what is above and below it; ink that is darker than the line stays."""
    high = len(share)
    first, last = max(0, first - 1), min(high, last + 1)
    line = share[first:last].copy()
    usual = np.median(line, axis=1, keepdims=True)
    above = share[first - 1] if first else np.zeros_like(share[0])
    below = share[last] if last < high else np.zeros_like(share[0])
    at = (np.arange(last - first, dtype=np.float32)[:, None] + 1) / (last - first + 1)
    bridged = np.minimum((1 - at) * above + at * below, line)
    is_darker = (line > np.maximum(1.4 * usual, usual + 0.2)) & (line > 0.5)
    share[first:last] = np.where(is_darker, line, bridged)
