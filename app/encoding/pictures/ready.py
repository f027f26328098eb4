"""Pictures that are as MNIST's already, as its test rows are when somebody sends them as files.

To look for the digit again would only lose of it: strokes in pieces, and what lies beside them in MNIST too.
"""

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.background import Colours

SIDE = 28  # pixels of the finished picture
BOX = 20  # pixels of the longer side of the digit
OFF = 1.0  # pixels that the centre of mass of MNIST's pictures is from the middle, at most
CLEAR = 128.0  # grey values of the strongest ink, at least

Pixels = NDArray[np.uint8]  # (28, 28), 255 is ink


def ready(colours: Colours) -> Pixels | None:
    """A picture of 28 × 28 greys whose ink fills a box of 20 pixels with its mass in the middle; of others None.

    The ground is black all through, or white, to the last bit.
    """
    if colours.shape != (SIDE, SIDE, 1):
        return None
    grey = colours[..., 0]
    ground = grey[0, 0]
    if ground not in (0, 255) or (grey[[0, 0, -1], [-1, 0, -1]] != ground).any():
        return None
    ink = np.abs(grey - ground)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if ink.max() < CLEAR or not BOX - 1 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= BOX:
        return None
    places = np.arange(SIDE) + 0.5 - SIDE / 2
    off = [float(ink.sum(axis=axis) @ places) / float(ink.sum()) for axis in (0, 1)]
    return np.round(ink).astype(np.uint8) if max(map(abs, off)) <= OFF else None
