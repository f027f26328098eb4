"""Pictures of digits as MNIST has them: light ink on black, the digit in a box of 20 pixels, its mass in the middle."""

import base64
import binascii
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 28  # pixels of the finished picture
BOX = 20  # pixels of the longer side of the digit
MAX_CHARACTERS = 4_000_000  # of base64, about 3 MB
MAX_SIDE = 1_024  # pixels of a client's picture
FORMATS = ("PNG", "JPEG")
FAINT = 0.2  # of the strongest ink, and as much of the whole range: what is fainter is paper
LIGHT = 127  # grey value above which paper is light

Grey = NDArray[np.float64]  # (rows, columns), 0 to 255


def read(text: str) -> NDArray[np.uint8]:
    """(28, 28) grey values of a picture in base64.

    Raises:
        ValueError: it is no such picture, too large, or blank.
    """
    head, comma, _ = text[:64].partition(",")
    content = text[len(head) + 1 :] if comma and head.startswith("data:") else text
    try:
        return centred(_grey(base64.b64decode(content, validate=True)))
    except binascii.Error as error:
        raise ValueError(f"is not base64: {error}") from error


def centred(grey: Grey) -> NDArray[np.uint8]:
    """(28, 28): dark ink on light paper turned round, the digit scaled to 20 pixels, its centre of mass in the middle.

    As MNIST's pictures were made of NIST's (LeCun et al. 1998).

    Raises:
        ValueError: there is next to no contrast.
    """
    from PIL import Image

    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ink = 255 - grey if np.median(border) > LIGHT else grey
    ink = ink - ink.min()
    if ink.max() < FAINT * 255:
        raise ValueError("shows nothing: it has hardly any contrast")
    ink *= 255 / ink.max()
    strong = ink >= FAINT * 255
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    size = tuple(max(1, round(side * scale)) for side in ink.shape[::-1])
    small = np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.LANCZOS), dtype=np.float64)
    small = np.maximum(small, 0)
    return _placed(small * (255 / small.max()))


def _placed(small: Grey) -> NDArray[np.uint8]:
    picture = np.zeros((SIDE, SIDE), dtype=np.uint8)
    mass = small.sum()
    corner = []
    for axis, length in enumerate(small.shape):
        middle = float((small.sum(axis=1 - axis) * (np.arange(length) + 0.5)).sum() / mass)
        corner.append(int(np.clip(round(SIDE / 2 - middle), 0, SIDE - length)))
    top, left = corner
    picture[top : top + small.shape[0], left : left + small.shape[1]] = np.round(small)
    return picture


def _grey(content: bytes) -> Grey:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # its own limit, which it warns of; ours below is smaller, and as early
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ValueError(f"is neither {' nor '.join(FORMATS)}") from error
    except Exception as error:  # Pillow has many ways to find that a file is not what it says
        raise ValueError("is damaged") from error
    if max(image.size) > MAX_SIDE:  # known from its head, before anything is unpacked
        raise ValueError(f"has {image.width} × {image.height} pixels; the limit is {MAX_SIDE} on each side")
    try:
        return _unpacked(image)
    except Exception as error:
        raise ValueError("is damaged, or not all there") from error


def _unpacked(image: Any) -> Grey:
    from PIL import Image

    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    if image.mode.startswith("I"):  # 16 bits
        return np.asarray(image, dtype=np.float64) / 257
    upright = (image if turn is None else image.transpose(Image.Transpose(turn))).convert("RGBA")
    light, alpha = np.moveaxis(np.asarray(upright.convert("LA"), dtype=np.float64), -1, 0)
    is_chalk = alpha.mean() < 128 and (light * alpha).sum() > LIGHT * alpha.sum()  # light strokes on nothing
    paper = Image.new("RGBA", upright.size, "black" if is_chalk else "white")
    return np.asarray(Image.alpha_composite(paper, upright).convert("L"), dtype=np.float64)


_ORIENTATION = 0x0112  # tag of EXIF
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # what `Image.transpose` has to do, by orientation
