"""The strokes of a digit: how wide they are, whether there are any, and the width that MNIST's have."""

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.background import Plane

FINE = 120  # pixels of the longer side on which strokes are measured
THIN, THICK = 0.085, 0.3  # widths by the digit's longer side, between which 98 in 100 of MNIST's are
USUAL_THIN, USUAL_THICK = 0.115, 0.22  # what thinner and thicker ones are made
SOLID = 0.4  # width of what is a dot or a block; the thickest of MNIST's has 0.33
MOST_HOLES = 3  # an eight has two, and an odd loop
HOLE = 0.002  # of the square on the longer side: smaller ones are none


def with_usual_strokes(share: Plane) -> Plane:
    """Strokes much thinner or thicker than those of MNIST made as thick: (rows, columns), 0 to 1.

    Raises:
        ValueError: it is no stroke, but a dot or a block, or an endless tangle.
    """
    from scipy import ndimage

    fine = _at_fine_size(share)
    long = max(fine.shape)
    inside = np.pad(fine, long // 8) > 0.5
    depth = ndimage.distance_transform_edt(inside)
    width = 4 * float(depth[inside].mean()) - 1 if inside.any() else 0.0  # of a bar the mean depth is a quarter
    if width > SOLID * long and min(fine.shape) > 0.55 * long:  # a thick bar is a one
        raise ValueError("shows a dot or a block, no digit")
    _check_holes(inside, long)
    if THIN * long <= width <= THICK * long or not width:
        return share
    usual = USUAL_THIN if width < THIN * long else USUAL_THICK
    more = (usual * long - width) / 2 / (1 - usual)  # on each side: the digit grows or shrinks with its strokes
    signed = depth - ndimage.distance_transform_edt(~inside)
    changed = np.clip(signed + more + 0.5, 0, 1).astype(np.float32)
    rows, columns = np.flatnonzero((changed > 0.2).any(axis=1)), np.flatnonzero((changed > 0.2).any(axis=0))
    return changed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else share


def _at_fine_size(share: Plane) -> Plane:
    from PIL import Image

    scale = FINE / max(share.shape)
    if 0.6 <= scale <= 1.6:
        return share
    size = (max(1, round(share.shape[1] * scale)), max(1, round(share.shape[0] * scale)))
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(share).resize(size, method))


def _check_holes(inside: NDArray[np.bool_], long: int) -> None:
    from scipy import ndimage

    labels, count = ndimage.label(~inside)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    if (sizes >= HOLE * long * long).sum() - 1 > MOST_HOLES:  # the ground round it is none
        raise ValueError("shows a tangle of lines, no digit")
