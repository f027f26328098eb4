"""Pictures of digits as MNIST has them: light ink on black, the digit in a box of 20 pixels, its mass in the middle."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tasks._files import colours_of, content_of
from app.tasks._ground import Colours, Plane, ink_of
from app.tasks._ink import digit_of

SIDE = 28  # pixels of the finished picture
BOX = 20  # pixels of the longer side of the digit
THIN, THICK = 0.085, 0.25  # widths of strokes by the digit's longer side; MNIST's are between, but for one in fifty
USUAL_THIN, USUAL_THICK = 0.115, 0.2


def read(text: str) -> NDArray[np.uint8]:
    """(28, 28)."""
    return reduced(colours_of(content_of(text)))


def reduced(colours: Colours) -> NDArray[np.uint8]:
    ink = ink_of(colours)
    if ink is None:
        raise ValueError("shows nothing: it has hardly any contrast")
    digit = digit_of(ink.share)
    return placed(with_usual_strokes(digit.share))


def with_usual_strokes(share: Plane) -> Plane:
    """Strokes much thinner or thicker than those of MNIST made as thick: (rows, columns), 0 to 1."""
    from PIL import Image
    from scipy import ndimage

    scale = 120 / max(share.shape)
    if scale < 0.6 or scale > 1.6:
        size = tuple(max(1, round(side * scale)) for side in share.shape[::-1])
        method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
        fine = np.asarray(Image.fromarray(share).resize(size, method))
    else:
        fine = share
    long = max(fine.shape)
    fine = np.pad(fine, long // 8)
    inside = fine > 0.5
    if not inside.any():
        return share
    depth = ndimage.distance_transform_edt(inside)
    width = 4 * float(depth[inside].mean()) - 1
    ratio = width / long
    if THIN <= ratio <= THICK:
        return share
    target = USUAL_THIN if ratio < THIN else USUAL_THICK
    # the digit grows or shrinks with its strokes
    more = (target * long - width) / 2 / (1 - target)
    signed = depth - ndimage.distance_transform_edt(~inside)
    changed = np.clip(signed + more + 0.5, 0, 1).astype(np.float32)
    rows, columns = np.flatnonzero((changed > 0.2).any(axis=1)), np.flatnonzero((changed > 0.2).any(axis=0))
    if not len(rows):
        return share
    return changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def placed(share: Plane) -> NDArray[np.uint8]:
    from PIL import Image

    scale = BOX / max(share.shape)
    size = tuple(max(1, round(side * scale)) for side in share.shape[::-1])
    small = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.LANCZOS), dtype=np.float64)
    small = np.maximum(small, 0)
    return _placed(small * (255 / small.max()))


def _placed(small: Any) -> NDArray[np.uint8]:
    picture = np.zeros((SIDE, SIDE), dtype=np.uint8)
    mass = small.sum()
    corner = []
    for axis, length in enumerate(small.shape):
        middle = float((small.sum(axis=1 - axis) * (np.arange(length) + 0.5)).sum() / mass)
        corner.append(int(np.clip(round(SIDE / 2 - middle), 0, SIDE - length)))
    top, left = corner
    picture[top : top + small.shape[0], left : left + small.shape[1]] = np.round(small)
    return picture


