"""What the forms of pictures have in common: a digit on a page, light, noise, and the files they are kept in."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Digit = NDArray[np.uint8]  # (28, 28), 255 is ink
Share = NDArray[np.float64]  # (rows, columns), how much of a pixel is ink, 0 to 1
Rng = np.random.Generator
Made = bytes  # a PNG or JPEG


def share_of(digit: Digit, side: int, rng: Rng, low: float = 0.5, high: float = 1.0) -> Share:
    """The digit enlarged, somewhere on a square of `side` pixels, of which its 28 pixels take `low` to `high`."""
    size = round(side * rng.uniform(low, high))
    large = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    page = Image.new("L", (side, side))
    x, y = rng.integers(0, side - size + 1, 2).tolist()
    page.paste(large, (x, y))
    return np.asarray(page, dtype=np.float64) / 255


def sharp(share: Share, threshold: float = 0.5) -> Share:
    """With edges as sharp as those of a pen, antialiased."""
    return np.clip((share - threshold) * 4 + 0.5, 0, 1)


def blend(share: Share, ink: object, ground: object) -> NDArray[np.float64]:
    """Ink on ground, both grey values or colours, or an array of them."""
    colours = [np.asarray(each, dtype=np.float64) for each in (ink, ground)]
    if any(colour.ndim in {1, 3} for colour in colours):
        share = share[..., None]
    return share * colours[0] + (1 - share) * colours[1]


def png(picture: NDArray[np.floating[Any]], **options: object) -> Made:
    """As a PNG of 8 bits."""
    return saved(Image.fromarray(np.clip(np.round(picture), 0, 255).astype(np.uint8)), "PNG", **options)


def jpeg(picture: NDArray[np.floating[Any]], rng: Rng, low: int = 60, high: int = 95) -> Made:
    """As a JPEG of some quality."""
    image = Image.fromarray(np.clip(np.round(picture), 0, 255).astype(np.uint8))
    return saved(image, "JPEG", quality=int(rng.integers(low, high)))


def saved(image: Image.Image, kind: str, **options: object) -> Made:
    """The file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def slope(side: tuple[int, int], rng: Rng, low: float, high: float) -> NDArray[np.float64]:
    """Light that changes evenly in some direction, from `low` to `high`."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[: side[0], : side[1]]
    along = rows * np.sin(angle) + columns * np.cos(angle)
    light: NDArray[np.float64] = low + (high - low) * (along - along.min()) / np.ptp(along)
    return light


def noise(side: int, rng: Rng, low: float, high: float) -> NDArray[np.float64]:
    """A camera's: normal, with a standard deviation from `low` to `high`."""
    return rng.normal(0, rng.uniform(low, high), (side, side))
