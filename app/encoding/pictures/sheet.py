"""A sheet of paper that lies on a table: its outline is found, and what is beside it is painted over with paper.

A sheet is what is flat and has straight sides: neighbouring pixels of it differ little, its outline is a convex
polygon of few corners, and along nearly all of its sides something else begins. A shadow with a sharp edge parts
paper in the same way; then each part is a sheet, and what is written on one of them is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.background import Colours

Mask = NDArray[np.bool_]  # (rows, columns)
Corners = list[tuple[int, int]]  # of a polygon: columns and rows

CELLS = 112  # of the longer side of the copy on which sheets are looked for
LEAST_SIDE = 64  # pixels of the shorter side of a picture that shows a table
MEDIAN = 5  # cells: what is narrower, as lines and most strokes are, is no part of an outline
STEPS = (24.0, 12.0, 6.0)  # grey values by cell that neighbours of one sheet differ by, at most
SAME = 0.01  # of the cells: where fewer change with the step, no other sheets are found
LEAST = 0.03  # of the picture, of a sheet
MOST = 0.985
PLAIN = 0.5  # of it is flat, at least
CONVEX = 0.95  # of its convex hull
SLACK = 0.01  # of a polygon: a corner that makes less of it is none
MOST_CORNERS = 9  # four, of which some are cut off by the picture's edge or blunt
ONE_WAY = 0.95  # of the sides goes the same way: they are one side
BESIDE = (2, 4)  # cells from the outline, where something else has to be
DIFFERENT = 0.75  # of what is there
DIFFERENT_FAR = 0.5  # of what is farther off: beyond a stroke round a hole it is the ground again
ALIKE = 0.8  # of two sheets that are one, as intersection over union
MOST_SHEETS = 4


@dataclass(frozen=True)
class Sheet:
    """A sheet's part of the picture."""

    mask: Mask  # of the whole picture's size
    box: tuple[slice, slice]  # its rows and columns in the picture
    colours: Colours  # of the box; what is beside the sheet is painted over
    tilt: float  # degrees that it is turned by clockwise, -45 to 45


def sheets_in(colours: Colours) -> Iterator[Sheet]:
    """The sheets of a picture, the largest first: none where there is only one ground."""
    rows, columns = colours.shape[:2]
    if min(rows, columns) < LEAST_SIDE:
        return
    step = -(-max(rows, columns) // CELLS)
    for corners in _outlines(_flat_copy(colours, step)):
        places = [(_place(x, step, columns), _place(y, step, rows)) for x, y in corners]
        yield _cut(colours, _filled(places, (rows, columns)), _tilt(corners, (rows // step, columns // step)))


def _flat_copy(colours: Colours, step: int) -> Colours:
    """Cells of `step` pixels, without what is narrow."""
    from PIL import Image, ImageFilter

    rows, columns = (side // step for side in colours.shape[:2])
    whole = np.clip(colours[: rows * step, : columns * step], 0, 255).astype(np.uint8)
    image = Image.fromarray(whole[..., 0] if whole.shape[2] == 1 else whole).reduce(step)
    image = image.filter(ImageFilter.MedianFilter(MEDIAN))
    return np.asarray(image, dtype=np.float32).reshape(rows, columns, -1)


def _outlines(cells: Colours) -> list[Corners]:
    """Polygons round what may be sheets."""
    from scipy import ndimage

    change = np.zeros(cells.shape[:2], dtype=np.float32)
    for axis in (0, 1):
        change = np.maximum(change, np.abs(np.gradient(cells, axis=axis)).max(axis=2))
    found: list[tuple[Mask, Corners]] = []
    last = None
    for steep in STEPS:
        flat = change < steep / 2  # of a slope over two cells
        if last is not None and (flat != last).mean() < SAME:
            continue
        last = flat
        labels, _ = ndimage.label(flat)
        areas = np.bincount(labels.ravel())[1:]
        around = labels[[0, 0, -1, -1], [0, -1, 0, -1]] - 1
        if around[0] >= 0 and (around == around[0]).all():  # the picture's ground
            areas[around[0]] = 0
        for place in np.flatnonzero((areas >= LEAST / 2 * change.size) & (areas <= MOST * change.size)):
            candidate = _outline(labels == place + 1)
            if candidate and _differs_outside(cells, candidate[0], steep):
                found.append(candidate)
    found.sort(key=lambda each: -int(each[0].sum()))
    kept: list[tuple[Mask, Corners]] = []
    for mask, corners in found:
        if all((mask & other).sum() < ALIKE * (mask | other).sum() for other, _ in kept):
            kept.append((mask, corners))
    return [corners for _, corners in kept[:MOST_SHEETS]]


def _outline(region: Mask) -> tuple[Mask, Corners] | None:
    """The convex hull of a region and its corners, if the region is a convex polygon of few."""
    from scipy import ndimage

    hull = _hull(region)
    mask = _filled(hull, region.shape)
    area = int(mask.sum())
    if not LEAST * region.size <= area <= MOST * region.size or region.sum() < PLAIN * area:
        return None
    region = region.copy()
    for side in (0, -1):  # strokes that run off the picture are no notches
        region[side] |= mask[side]
        region[:, side] |= mask[:, side]
    if ndimage.binary_fill_holes(region).sum() < CONVEX * area or len(_simplified(hull, area)) > MOST_CORNERS:
        return None
    return mask, hull


def convexity(region: Mask, slack: float) -> tuple[float, int]:
    """How much of its convex hull a region fills, and how many corners that has: those that make more than `slack`."""
    hull = _hull(region)
    area = int(_filled(hull, region.shape).sum())
    return float(region.sum()) / area, len(_simplified(hull, area, slack))


def _hull(region: Mask) -> Corners:
    """The corners of the convex hull of a region, in order (Andrew 1979)."""
    rows = np.flatnonzero(region.any(axis=1)).tolist()
    first = region.argmax(axis=1)
    last = region.shape[1] - 1 - region[:, ::-1].argmax(axis=1)
    chains = []
    for ends, sign in ((first, 1), (last, -1)):
        chain: Corners = []
        for y in rows:
            point = (int(ends[y]), y)
            while len(chain) > 1 and sign * _turn(chain[-2], chain[-1], point) >= 0:
                chain.pop()
            chain.append(point)
        chains.append(chain)
    return chains[0] + [point for point in reversed(chains[1]) if point not in {chains[0][0], chains[0][-1]}]


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    """Twice the area of a triangle; its sign tells which way it turns."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _simplified(corners: Corners, area: int, slack: float = SLACK) -> Corners:
    """Without corners that make next to nothing of the area (Visvalingam and Whyatt 1993)."""
    left = list(corners)
    while len(left) > 3:
        sizes = [abs(_turn(left[at - 1], left[at], left[(at + 1) % len(left)])) for at in range(len(left))]
        least = int(np.argmin(sizes))
        if sizes[least] > 2 * slack * area:
            break
        left.pop(least)
    return left


def _filled(corners: Corners, shape: tuple[int, ...]) -> Mask:
    from PIL import Image, ImageDraw

    page = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(page).polygon(corners, fill=1)
    return np.asarray(page)


def _differs_outside(cells: Colours, mask: Mask, steep: float) -> bool:
    """Whether another colour begins beside the outline, nearly everywhere."""
    from scipy import ndimage

    far, (y, x) = ndimage.distance_transform_edt(~mask, return_indices=True)
    beside = (far > BESIDE[0]) & (far <= BESIDE[1])
    if beside.sum() < BESIDE[1] * 2:
        return False
    other = np.abs(cells - cells[y, x]).max(axis=2) > steep
    beyond = other[far > BESIDE[1]]
    return bool(other[beside].mean() >= DIFFERENT and (not len(beyond) or beyond.mean() >= DIFFERENT_FAR))


def _place(cell: int, step: int, side: int) -> int:
    """The middle of a cell, or the picture's edge."""
    return 0 if not cell else side - 1 if cell >= side // step - 1 else cell * step + step // 2


def _tilt(corners: Corners, shape: tuple[int, int]) -> float:
    """The mean angle of the sides, degrees of a quarter turn: not of the picture's own, nor of a single one."""
    ends = np.array([*corners, corners[0]], dtype=np.float64)
    sides, middles = np.diff(ends, axis=0), (ends[1:] + ends[:-1]) / 2
    inner = ((middles > 0.5) & (middles < np.array(shape[::-1]) - 1.5)).all(axis=1)
    along = sides[inner, 0] + 1j * sides[inner, 1]
    weight, way = np.abs(along) ** 2, np.angle(along)  # long ones count for more
    is_one_side = np.abs((weight * np.exp(2j * way)).sum()) > ONE_WAY * weight.sum()
    if is_one_side:  # without a corner it may be a shadow's edge
        return 0.0
    return float(np.degrees(np.angle((weight * np.exp(4j * way)).sum())) / 4)


def _cut(colours: Colours, mask: Mask, tilt: float) -> Sheet:
    """The part of a picture round a mask: beside it each pixel has the colour of the sheet's nearest one."""
    from scipy import ndimage

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    y, x = ndimage.distance_transform_edt(~mask[box], return_distances=False, return_indices=True)
    return Sheet(mask, box, colours[box][y, x], tilt)
