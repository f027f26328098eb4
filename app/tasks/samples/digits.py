"""Toy handwritten digits: 1,500 to train on and 500 to test with, 28x28 pixels, drawn from a font.

Each digit is drawn large with the scalable font inside Pillow, distorted (rotation, shear, aspect, stroke
thickness, corners pushed about, blur) and then normalised as MNIST was: fitted into a 20x20 box with its
proportions kept, and placed so that its centre of mass lies at row 14, column 14 of the 28x28 picture.

The pixels repeat for a given version of Pillow; another one may draw curves a grey level differently.
"""

from functools import cache
from math import cos, radians, sin
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SEED = 28_281
ROWS = {"train": 1500, "test": 500}
SIDE = 28  # pixels of the finished picture
BOX = 20  # pixels of the longer side of the ink
CANVAS = 72  # pixels on which a digit is drawn before it is fitted
FONT_SIZES = (38, 42, 46)  # against a fixed stroke width: a smaller digit has the thicker strokes

Pixels = npt.NDArray[np.uint8]


def rows() -> dict[str, Any]:
    """Columns `pixels` (uint8, (2000, 784), row by row, 0 = background), `label` (0-9) and `split`."""
    rng = Random(SEED)
    labels: list[int] = []
    splits: list[str] = []
    for split, count in ROWS.items():
        block = [index % 10 for index in range(count)]
        rng.shuffle(block)
        labels += block
        splits += [split] * count
    pixels = np.stack([_digit(rng, label).ravel() for label in labels])  # (n, 784)
    return {"pixels": pixels, "label": labels, "split": splits}


def _digit(rng: Random, label: int) -> Pixels:
    """One distorted, normalised digit: (28, 28)."""
    picture = _distort(rng, _draw(rng, label))
    return normalised(picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.6))))


def normalised(picture: Image.Image) -> Pixels:
    """Light ink on black as MNIST has it: (28, 28)."""
    return _centre(_fit(picture))


def _draw(rng: Random, label: int) -> Image.Image:
    """A digit in white on a black CANVAS x CANVAS picture."""
    picture = Image.new("L", (CANVAS, CANVAS), 0)
    ImageDraw.Draw(picture).text(
        (CANVAS / 2, CANVAS / 2),
        str(label),
        fill=255,
        font=_font(rng.choice(FONT_SIZES)),
        anchor="mm",
        stroke_width=rng.choice((0, 0, 1, 2)),
    )
    return picture


def _distort(rng: Random, picture: Image.Image) -> Image.Image:
    """Show through the picture a quadrilateral that is a rotated, sheared, scaled and dented square."""
    turn = radians(rng.gauss(0, 9))
    shear = rng.gauss(0.06, 0.14)  # handwriting leans to the right more often than to the left
    wide, high = rng.uniform(0.8, 1.25), rng.uniform(0.9, 1.1)
    middle = CANVAS / 2
    quad: list[float] = []
    for x, y in ((-1, -1), (-1, 1), (1, 1), (1, -1)):  # the order Pillow asks for: down, right, up
        across = middle * (x * wide + y * shear) + rng.gauss(0, 3)
        down = middle * y * high + rng.gauss(0, 3)
        quad += [
            middle + across * cos(turn) - down * sin(turn),
            middle + across * sin(turn) + down * cos(turn),
        ]
    return picture.transform((CANVAS, CANVAS), Image.Transform.QUAD, quad, Image.Resampling.BILINEAR)


def _fit(picture: Image.Image) -> Image.Image:
    """The ink alone, scaled so that its longer side is BOX pixels."""
    ink = picture.crop(picture.point(lambda level: 255 if level > 24 else 0).getbbox())
    scale = BOX / max(ink.size)
    size = (max(1, round(ink.width * scale)), max(1, round(ink.height * scale)))
    return ink.resize(size, Image.Resampling.BILINEAR)


def _centre(ink: Image.Image) -> Pixels:
    """The ink with its centre of mass within half a pixel of row 14, column 14: (28, 28)."""
    levels = np.asarray(ink, dtype=np.float64)
    across = levels.sum(axis=0) @ np.arange(ink.width) / levels.sum()
    down = levels.sum(axis=1) @ np.arange(ink.height) / levels.sum()
    page = Image.new("L", (SIDE, SIDE), 0)
    page.paste(ink, (round(SIDE / 2 - across), round(SIDE / 2 - down)))
    return np.array(page, dtype=np.uint8)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):  # a Pillow built without FreeType has only a tiny bitmap
        raise RuntimeError(  # noqa: TRY004 - nobody passed a wrong type
            "The sample digits need a Pillow with FreeType support."
        )
    return font
