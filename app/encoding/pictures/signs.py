"""Signs that are no digits: those of parts that no digit has are refused, and of some plain shapes there are doubts."""

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.background import Plane
from app.encoding.pictures.pieces import Chosen, Mask, Pieces
from app.encoding.pictures.sheet import convexity

SIGNS = "shows more than one sign, or one that is no digit; send a picture of one digit"
DOTTED = "shows a dot above or below, as i, ! and ? have"
APART = "shows something in several parts"
ENCLOSED = "shows something within a ring"
SHAPE = "shows a shape as geometry has them, perhaps no digit"
CROSS = "shows a cross, perhaps no digit"

DOT = (0.6, 3.0)  # times the stroke's width, of the dots that belong to signs
NEAR, FARTHER, FARTHEST = 0.16, 0.4, 0.6  # of the sign's longer side, to its dots: surely, perhaps, of several
SPECK = 0.06  # of the sign's longer side: what is smaller is no part of it
BEND = 0.35  # of the sign's longer side: what is wider is no end of a stroke
FLAT = 2.0  # times as wide as high is a bar
FINE = 64  # pixels of the longer side on which shapes are told
SPARE = 0.34  # of each side, of the corners that a cross leaves free
BODY, TAPERING = 0.395, 3.05  # of a star: the widest disc within by the longer side, and its radius by the mean depth
LEAST_BODY = 0.25  # of its box is ink
ROUND = 0.62  # times as wide as high, or the other way round, is a cross at least
STRAIGHT, FULL, FEW, SLIM = 0.012, 0.96, 5, 0.45  # of a polygon that is a shape: slack, fill, corners, and its sides


def check_parts(pieces: Pieces, main: int, kept: Chosen, apart: Chosen, candidates: Chosen) -> tuple[str, ...]:
    """Doubts about the parts of a sign, of which some lie `apart`.

    Raises:
        ValueError: no digit has such parts.
    """
    others = np.flatnonzero((candidates | kept) & (np.arange(pieces.count) != main))
    if not len(others):
        return ()
    if kept.sum() > 1 and (pieces.wide[kept] >= FLAT * pieces.high[kept]).all():  # = and ≡
        raise ValueError(SIGNS)
    if kept.sum() > 2 and sum(_has_hole(pieces, place) for place in np.flatnonzero(kept).tolist()) > 1:  # %
        raise ValueError(SIGNS)
    marks = _marks(pieces, main, others)
    dots = [place for place in marks if pieces.is_dot[place]]
    sizeable = others[pieces.long[others] >= SPECK * pieces.long[main]]
    within = [place for place in sizeable.tolist() if _is_within(pieces, place, main)]
    is_beside = any(_gaps(pieces, main, mark)[1] <= 0 for mark in marks)
    if len(within) > 1 or (len(marks) > 1 and dots and is_beside):  # ☺, :) and ;)
        raise ValueError(SIGNS)
    if within and kept[within[0]]:
        return (ENCLOSED,)
    if len(marks) > 1 and dots:  # ä
        return (DOTTED,)
    stacked = _stacked(pieces, main, dots)
    middle = (pieces.top[main] + pieces.bottom[main]) / 2
    is_roof = (pieces.wide > pieces.high) & (pieces.bottom < middle)  # as of many a five
    return (*stacked, APART) if (apart & ~is_roof).any() else stacked


def _marks(pieces: Pieces, main: int, others: NDArray[np.intp]) -> list[int]:
    """Those about as large as a stroke is wide, near the rest."""
    near = [place for place in others.tolist() if max(_gaps(pieces, main, place)) <= FARTHEST * pieces.long[main]]
    if not near or not pieces.is_dot[near].any():
        return []
    stroke = pieces.stroke(main)
    return [place for place in near if DOT[0] * stroke <= pieces.long[place] <= DOT[1] * stroke]


def _gaps(pieces: Pieces, one: int, other: int) -> tuple[int, int]:
    """Between the boxes of two pieces, across and down: negative where they overlap."""
    across = max(pieces.left[one], pieces.left[other]) - min(pieces.right[one], pieces.right[other])
    down = max(pieces.top[one], pieces.top[other]) - min(pieces.bottom[one], pieces.bottom[other])
    return int(across), int(down)


def _stacked(pieces: Pieces, main: int, dots: list[int]) -> tuple[str, ...]:
    """A doubt of a dot that stands above or below the rest.

    Raises:
        ValueError: it is so near that it must belong to it.
    """
    for dot in dots:
        down = _gaps(pieces, main, dot)[1]
        if down <= 0 or not _is_aligned(pieces, main, dot):
            continue
        if down <= NEAR * pieces.long[main]:
            raise ValueError(SIGNS)
        if down <= FARTHER * pieces.long[main]:
            return (DOTTED,)
    return ()


def _is_aligned(pieces: Pieces, main: int, dot: int) -> bool:
    """Whether a dot stands over or under the end of a stroke."""
    piece = pieces.labels[pieces.boxes[main]] == main + 1
    end = max(1, len(piece) // 10)
    columns = np.flatnonzero((piece[:end] if pieces.top[dot] < pieces.top[main] else piece[-end:]).any(axis=0))
    middle = (pieces.left[dot] + pieces.right[dot]) / 2 - pieces.left[main]
    return bool(columns[0] <= middle <= columns[-1] + 1) and bool(np.ptp(columns) < BEND * pieces.long[main])


def _has_hole(pieces: Pieces, place: int) -> bool:
    from scipy import ndimage

    piece = pieces.labels[pieces.boxes[place]] == place + 1
    return bool(ndimage.binary_fill_holes(piece).sum() > 1.05 * piece.sum())


def _is_within(pieces: Pieces, place: int, main: int) -> bool:
    """Whether a piece lies in a hole of another."""
    from scipy import ndimage

    box = pieces.boxes[main]
    if max(_gaps(pieces, main, place)) >= 0:
        return False
    hole = ndimage.binary_fill_holes(pieces.labels[box] == main + 1)
    inside = pieces.labels[box] == place + 1
    return bool(inside.any() and hole[inside].all() and pieces.area[place] == inside.sum())


def doubts_of_shape(share: Plane) -> tuple[str, ...]:
    """What speaks against a single sign's being a digit: (rows, columns), 0 to 1."""
    from PIL import Image
    from scipy import ndimage

    scale = FINE / max(share.shape)
    size = (max(1, round(share.shape[1] * scale)), max(1, round(share.shape[0] * scale)))
    mask = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.BOX)) > 0.5
    if min(mask.shape) < SLIM * FINE or not mask.any():
        return ()
    if _is_cross(mask):
        return (CROSS,)
    if mask.mean() > LEAST_BODY and _is_star(mask):
        return (SHAPE,)
    if convexity(mask, STRAIGHT)[1] > FEW:
        return ()
    return (SHAPE,) if convexity(ndimage.binary_fill_holes(mask), STRAIGHT)[0] >= FULL else ()


def _is_star(mask: Mask) -> bool:
    """Whether there is a body, much wider than what grows out of it, and no hole."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(mask, 1))
    if 2 * depth.max() < BODY * FINE or depth.max() < TAPERING * depth[depth > 0].mean():
        return False
    return bool((ndimage.binary_fill_holes(mask) == mask).all())


def _is_cross(mask: Mask) -> bool:
    """Whether four arms go from the middle to the sides, or to the corners, and nothing is between them."""
    rows, columns = mask.shape
    if min(rows, columns) < ROUND * max(rows, columns):
        return False
    high, wide = round(SPARE * rows), round(SPARE * columns)
    middle = mask[rows // 2 - high // 2 : rows // 2 + high // 2, columns // 2 - wide // 2 : columns // 2 + wide // 2]
    upper = (slice(0, high), slice(rows // 2 - high // 2, rows // 2 + high // 2), slice(rows - high, rows))
    across = (slice(0, wide), slice(columns // 2 - wide // 2, columns // 2 + wide // 2), slice(columns - wide, columns))
    has = np.array([[mask[one, other].mean() > 0.02 for other in across] for one in upper])
    corners, sides = has[::2, ::2], np.array([has[0, 1], has[1, 0], has[1, 2], has[2, 1]])
    is_one = (corners.all() and not sides.any()) or (sides.all() and not corners.any())
    return bool(is_one and middle.mean() > 0.12)
