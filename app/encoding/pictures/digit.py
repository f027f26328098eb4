"""Pictures of digits as MNIST has them: light ink on black, the digit in a box of 20 pixels, its mass in the middle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.background import Colours, Plane, ink_of
from app.encoding.pictures.files import colours_of, content_of
from app.encoding.pictures.ink import digit_of
from app.encoding.pictures.strokes import with_usual_strokes

SIDE = 28  # pixels of the finished picture
BOX = 20  # pixels of the longer side of the digit
LEAST = 12  # of it as it was sent; of smaller ones a third are read wrongly

Pixels = NDArray[np.uint8]  # (28, 28), 255 is ink


@dataclass(frozen=True)
class Reading:
    """What was read from a picture."""

    pixels: Pixels
    doubts: tuple[str, ...]  # what speaks against its being one digit


def read(text: str) -> Reading:
    """The digit of a picture in base64.

    Raises:
        ValueError: it is no such picture, too large, blank, or shows no digit, or several.
    """
    return reading_of(colours_of(content_of(text)))


def reading_of(colours: Colours) -> Reading:
    """The digit of a picture: its ink, scaled to 20 pixels, its centre of mass in the middle.

    As MNIST's pictures were made of NIST's (LeCun et al. 1998).

    Raises:
        ValueError: it shows no digit, or several.
    """
    short = [(0, max(0, 3 - side)) for side in colours.shape[:2]]
    ink = ink_of(np.pad(colours, [*short, (0, 0)], mode="edge"))
    if ink is None:
        raise ValueError("shows nothing: it has hardly any contrast")
    digit = digit_of(ink)
    is_small = max(digit.share.shape) < LEAST
    doubts = (*digit.doubts, f"shows a digit of fewer than {LEAST} pixels") if is_small else digit.doubts
    return Reading(_placed(_fitted(with_usual_strokes(digit.share))), doubts)


def _fitted(share: Plane) -> NDArray[np.float64]:
    """Scaled so that the longer side has 20 pixels; 0 to 255."""
    from PIL import Image

    scale = BOX / max(share.shape)
    size = (max(1, round(share.shape[1] * scale)), max(1, round(share.shape[0] * scale)))
    small = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.LANCZOS), dtype=np.float64)
    small = np.maximum(small, 0)
    return np.asarray(small * (255 / small.max()))


def _placed(small: NDArray[np.float64]) -> Pixels:
    picture = np.zeros((SIDE, SIDE), dtype=np.uint8)
    mass = small.sum()
    corner = []
    for axis, length in enumerate(small.shape):
        middle = float((small.sum(axis=1 - axis) * (np.arange(length) + 0.5)).sum() / mass)
        corner.append(int(np.clip(round(SIDE / 2 - middle), 0, SIDE - length)))
    top, left = corner
    picture[top : top + small.shape[0], left : left + small.shape[1]] = np.round(small)
    return picture
