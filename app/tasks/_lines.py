"""Ruled lines, squares and straight frames, taken out of the ink of a picture."""

import numpy as np
from numpy.typing import NDArray

from app.tasks._ground import Plane

FAINT = 0.12  # share of ink above which a pixel may be one of a line
SPAN = 0.9  # of the picture, between its outer parts, is what a line spans at least
MARGIN = 0.06  # of a side: how far from the edge a line or frame may begin
THICKEST = 0.045  # of the shorter side, of a line

Lines = list[tuple[int, int]]  # first row and the one after the last


def without_lines(share: Plane) -> Plane:
    """(rows, columns): lines across the whole picture taken out, and what crosses them bridged."""
    mask = share > FAINT
    across, down = _lines(mask), _lines(mask.T)
    if not _are_ruled(across, down, mask.shape):
        return share
    share = share.copy()
    for lines, plane in ((across, share), (down, share.T)):
        for line in lines:
            _bridge(plane, *line)
    return share


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
