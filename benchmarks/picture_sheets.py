"""A sheet of paper with a digit on it, photographed as it lies on a table: tilted, or partly beside the picture."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks.picture_files import Digit, Made, Rng, Share, blend, jpeg, sharp, slope

Colours = NDArray[np.float64]  # (rows, columns, 3)

SEEN = 0.9  # of the digit's bounding box is in the picture, at least
DARK_TABLES = [(70, 45, 30), (25, 25, 28), (120, 120, 120), (150, 110, 70), (40, 60, 50), (95, 35, 35)]
LIGHT_TABLES = [(235, 235, 232), (225, 205, 170), (215, 225, 235), (245, 240, 225)]
WHITE_PAPER, DARK_PAPER = (
    (212, 210, 200),
    [(160, 130, 95), (90, 140, 190), (150, 150, 150), (60, 70, 65), (200, 120, 130)],
)
INKS = [(40, 45, 110), (30, 30, 35), (140, 25, 35)]


def on_table(digit: Digit, rng: Rng, darker: bool) -> Made:
    """White paper on a darker table, or coloured paper on a lighter one; at most 20 degrees tilted."""
    height, width = [(600, 800), (800, 600), (700, 700)][rng.integers(3)]
    table = _table(
        np.array((DARK_TABLES if darker else LIGHT_TABLES)[rng.integers(6 if darker else 4)]), height, width, rng
    )
    paper = np.array(WHITE_PAPER if darker else DARK_PAPER[rng.integers(5)], dtype=np.float64)
    ink = np.array(INKS[rng.integers(3)] if paper.mean() > 100 else (235, 235, 225))
    while True:
        page, written = _laid(digit, height, width, rng)
        if (written[1] > 0.3).sum() > SEEN * written[0]:
            break
    shade = slope((height, width), rng, rng.uniform(0.8, 0.95), rng.uniform(1, 1.08))[..., None]
    shadow = ndimage.shift(ndimage.gaussian_filter(page, 6), rng.uniform(-8, 8, 2))[..., None]
    picture = table * (1 - 0.4 * shadow)
    picture = blend(page, blend(sharp(written[1]), ink, np.broadcast_to(paper, picture.shape)), picture) * shade
    picture += rng.normal(0, rng.uniform(1, 6), picture.shape)
    return jpeg(ndimage.gaussian_filter(picture, (0.7, 0.7, 0)), rng, 70)


def _laid(digit: Digit, height: int, width: int, rng: Rng) -> tuple[Share, tuple[float, Share]]:
    """Where the sheet is, and the ink that would be there and that is, in a picture of that size."""
    short = min(height, width)
    high = round(short * rng.uniform(0.3, 1))
    wide = round(high * rng.uniform(0.75, 1.4))
    side = round(min(high, wide) * rng.uniform(0.55, 0.95))
    sheet = np.zeros((high, wide, 2), dtype=np.uint8)
    sheet[..., 0] = 255
    top, left = int(rng.integers(0, high - side + 1)), int(rng.integers(0, wide - side + 1))
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    sheet[top : top + side, left : left + side, 1] = np.asarray(large)
    tilt, (y, x) = rng.uniform(-20, 20), rng.uniform(0.25, 0.75, 2) * (height, width)
    layers = []
    for layer in (sheet[..., 0], sheet[..., 1]):
        turned = Image.fromarray(layer).rotate(tilt, Image.Resampling.BICUBIC, expand=True)
        page = Image.new("L", (width, height))
        page.paste(turned, (round(x - turned.width / 2), round(y - turned.height / 2)))
        layers.append(np.asarray(page, dtype=np.float64) / 255)
    return layers[0], (float((np.asarray(large) > 76).sum()), layers[1])


def _table(colour: NDArray[np.int64], height: int, width: int, rng: Rng) -> Colours:
    """Of one colour, wood, or a texture as cloth and stone have it."""
    kind = rng.integers(3)
    rows, columns = np.mgrid[:height, :width]
    if kind == 0:
        pattern = np.zeros((height, width))
    elif kind == 1:
        grain = np.sin(rows / rng.uniform(3, 9) + 3 * np.sin(columns / rng.uniform(80, 150)))
        pattern = rng.uniform(5, 14) * grain
    else:
        rough = ndimage.gaussian_filter(rng.normal(size=(height, width)), rng.uniform(1, 6))
        pattern = rng.uniform(4, 14) * rough / rough.std()
    return np.asarray(colour + pattern[..., None])
