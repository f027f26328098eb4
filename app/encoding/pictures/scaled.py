"""Pictures of anything, scaled to a square: whole with a border, by their centre of mass, or their middle."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.digit import reading_of
from app.encoding.pictures.files import Wanted, colours_of, image_of, upright

Colours = Literal["grey", "rgb"]
Scaling = Literal["digit", "fit", "centre", "crop"]
Pixels = NDArray[np.uint8]  # (size, size), or (size, size, 3)

MODES: dict[Colours, str] = {"grey": "L", "rgb": "RGB"}
SPARE = 3  # times as many pixels as are needed are decoded, so that the last step smooths
SEARCHED = 224  # pixels of the longer side, at least, where a part of the picture is looked for
BOX = 20 / 28  # of the side is the longer side of what is centred, as in MNIST's pictures
LEAST = 10  # grey values: what differs less from the ground is ground
FAINT = 0.2  # of the largest difference from the ground is ground, too


def read_scaled(data: bytes, size: int, colours: Colours, scaling: Scaling) -> Pixels:
    """A PNG or JPEG as a task sees it; `digit` is for 28 pixels in grey.

    It is turned as the camera noted. What is transparent is white.

    Raises:
        ValueError: it is no such picture, damaged, or too large; or shows no digit where one is looked for.
    """
    if scaling == "digit":
        return reading_of(colours_of(data)).pixels
    scale = {"fit": _whole, "centre": _centred, "crop": _middle}[scaling]
    return np.asarray(scale(_plain(data, _wanted(size, scaling), MODES[colours]), size), dtype=np.uint8)


def _wanted(size: int, scaling: Scaling) -> Wanted:
    """What is centred may be a small part of the picture."""
    side = max(SEARCHED, SPARE * size) if scaling == "centre" else SPARE * size
    return Wanted(side, side, min if scaling == "crop" else max, smooths=False)


def _plain(data: bytes, wanted: Wanted, mode: str) -> Any:
    """The picture, of this mode, upright; of many more pixels than are needed their means."""
    from PIL import Image

    image, turn = image_of(data, wanted)
    if image.mode == "F":
        image = Image.fromarray(np.clip(np.rint(np.asarray(image)), 0, 255).astype(np.uint8))
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image if image.mode == mode else image.convert(mode)
    factor = wanted.which(image.size) // wanted.side
    return upright(image.reduce(factor) if factor > 1 else image, turn)


def _whole(image: Any, size: int) -> Any:
    """All of it; what it lacks to a square is of its ground's colour."""
    scale = size / max(image.size)
    small = _resized(image, [max(1, round(side * scale)) for side in image.size])
    return _on_ground(small, [(size - side) // 2 for side in small.size], size, _ground(np.asarray(small)))


def _middle(image: Any, size: int) -> Any:
    """The square in its middle."""
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    return _resized(image.crop((left, top, left + side, top + side)), (size, size))


def _centred(image: Any, size: int) -> Any:
    """What differs from the ground, in a box of 20 of 28 pixels; its centre of mass in the middle."""
    found, ground = np.asarray(image), _ground(np.asarray(image))
    away = _away(found, ground)
    seen = away > max(LEAST, FAINT * int(away.max()))
    if not seen.any():
        return _on_ground(image.crop((0, 0, 1, 1)), (0, 0), size, ground)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    sides = (box[2] - box[0], box[3] - box[1])
    scale = BOX * size / max(sides)
    small = _resized(image.crop(box), [max(1, round(side * scale)) for side in sides])
    mass = _away(np.asarray(small), ground).astype(np.float64)
    corner = []
    for axis, length in ((0, small.width), (1, small.height)):
        weight = mass.sum(axis=axis)
        middle = float((weight * (np.arange(length) + 0.5)).sum() / weight.sum()) if weight.any() else length / 2
        corner.append(int(np.clip(round(size / 2 - middle), 0, size - length)))
    return _on_ground(small, corner, size, ground)


def _resized(image: Any, sides: Any) -> Any:
    """By Lanczos' filter."""
    from PIL import Image

    return image.resize(tuple(sides), Image.Resampling.LANCZOS)


def _ground(pixels: Pixels) -> NDArray[np.uint8]:
    """(channels,) the colour of most of a picture's outermost pixels, or next to it."""
    channels = pixels.reshape(*pixels.shape[:2], -1)
    ring = [channels[0], channels[-1], channels[:, 0], channels[:, -1]]
    return np.asarray(np.rint(np.median(np.concatenate(ring), axis=0)), dtype=np.uint8)


def _away(pixels: Pixels, ground: NDArray[np.uint8]) -> NDArray[np.int16]:
    """(rows, columns) how much each pixel differs from the ground, grey values."""
    channels = pixels.reshape(*pixels.shape[:2], -1).astype(np.int16)
    return np.asarray(np.abs(channels - ground.astype(np.int16)).max(axis=2))


def _on_ground(image: Any, corner: Any, size: int, ground: NDArray[np.uint8]) -> Any:
    """A square of the ground's colour with the image on it, its left and upper corner there."""
    from PIL import Image

    colour = tuple(ground.tolist())
    square = Image.new(image.mode, (size, size), colour if len(colour) > 1 else colour[0])
    square.paste(image, tuple(corner))
    return square
