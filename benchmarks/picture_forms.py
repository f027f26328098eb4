"""The forms in which people send a digit, made from MNIST's pictures: paper, light, cameras, pens and files."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from benchmarks.picture_files import Digit, Made, Rng, Share, blend, png, saved, share_of, sharp
from benchmarks.picture_papers import noisy, photograph, ruled, shaded, shadowed, squared
from benchmarks.picture_sheets import on_table

COLOURS = {
    "yellow on white": ((255, 230, 0), (255, 255, 255)),
    "blue on black": ((0, 0, 255), (0, 0, 0)),
    "red on green": ((200, 30, 30), (40, 130, 40)),
    "light blue on white": ((130, 200, 255), (255, 255, 255)),
    "pink on grey": ((255, 150, 190), (175, 175, 175)),
    "dark red on black": ((130, 0, 0), (0, 0, 0)),
    "orange on yellow": ((255, 140, 0), (255, 240, 60)),
    "white on blue": ((255, 255, 255), (30, 60, 160)),
}


def plain(digit: Digit, rng: Rng, ink: int, ground: int) -> Made:
    """Enlarged, clean."""
    return png(blend(share_of(digit, 280, rng), ink, ground))


def pencil(digit: Digit, rng: Rng) -> Made:
    """Little contrast."""
    ground = rng.uniform(190, 255)
    return png(blend(share_of(digit, 280, rng), ground - rng.uniform(30, 60), ground))


def coloured(digit: Digit, rng: Rng) -> Made:
    """One of the pairs of colours."""
    ink, ground = list(COLOURS.values())[rng.integers(len(COLOURS))]
    return png(blend(share_of(digit, 280, rng), ink, ground))


def _canvas(digit: Digit, rng: Rng, low: float, high: float) -> tuple[Image.Image, Share]:
    share = share_of(digit, 280, rng, low, high)
    return Image.fromarray(np.round(255 * share).astype(np.uint8)), share


def clicked(digit: Digit, rng: Rng) -> Made:
    """A dot of the pen's width beside the digit, which is on a black or a white ground."""
    image, share = _canvas(digit, rng, 0.35, 0.6)
    radius = rng.uniform(4, 11)
    far = ndimage.distance_transform_edt(share < 0.2)
    places = np.argwhere(far[12:-12, 12:-12] > radius + 18) + 12
    y, x = places[rng.integers(len(places))].tolist()
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return _either(image, rng)


def specked(digit: Digit, rng: Rng) -> Made:
    """One to six specks of one to four pixels."""
    image, _ = _canvas(digit, rng, 0.4, 1)
    for _ in range(rng.integers(1, 7)):
        x, y = rng.integers(0, 276, 2).tolist()
        size = int(rng.integers(0, 4))
        ImageDraw.Draw(image).rectangle((x, y, x + size, y + size), fill=255)
    return _either(image, rng)


def _either(image: Image.Image, rng: Rng) -> Made:
    array = np.asarray(image, dtype=np.float64)
    return png(array if rng.random() < 0.5 else 255 - array)


def framed(digit: Digit, rng: Rng) -> Made:
    """A frame at or near the edge."""
    image, _ = _canvas(digit, rng, 0.5, 0.85)
    share = np.zeros((280, 280))
    corner = [int(each) for each in (280 - np.array(image.size)) // 2]
    share[corner[1] :, corner[0] :] = np.asarray(image)
    page = Image.fromarray(share.astype(np.uint8))
    away = int(rng.integers(0, 14))
    box = (away, away, 279 - away, 279 - away)
    ImageDraw.Draw(page).rectangle(box, outline=int(rng.integers(120, 256)), width=int(rng.integers(1, 8)))
    return _either(page, rng)


def turned(digit: Digit, rng: Rng) -> Made:
    """Sixteen bits, on its side or its head, with the orientation in EXIF."""
    share = share_of(digit, 112, rng)
    tag, way = [(6, Image.Transpose.ROTATE_90), (3, Image.Transpose.ROTATE_180), (8, Image.Transpose.ROTATE_270)][
        rng.integers(3)
    ]
    share = share if rng.random() < 0.5 else 1 - share
    deep = Image.fromarray(np.round(share * 255).astype(np.uint8)).transpose(way)
    exif = Image.Exif()
    exif[0x0112] = tag
    return saved(Image.fromarray(np.asarray(deep).astype(np.uint16) * 257), "PNG", exif=exif)


def thick(digit: Digit, rng: Rng) -> Made:
    """Strokes widened by 2 to 6 % of the picture."""
    share = share_of(digit, 280, rng, 0.75, 0.9)
    disc = _disc(rng.uniform(3, 7))
    return _either(Image.fromarray(np.uint8(255 * sharp(ndimage.grey_dilation(share, footprint=disc)))), rng)


def thin(digit: Digit, rng: Rng) -> Made:
    """Strokes as thin as 2 to 6 pixels of 280: the middle of the digit's own."""
    share = share_of(digit, 280, rng, 0.7, 1)
    line = _middle(share > 0.4)
    drawn = ndimage.grey_dilation(line.astype(np.float64), footprint=_disc(rng.uniform(1, 3)))
    return _either(Image.fromarray(np.uint8(255 * ndimage.gaussian_filter(drawn, 0.6))), rng)


def _disc(radius: float) -> NDArray[np.bool_]:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(x * x + y * y <= radius * radius)


def _middle(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The middle lines of strokes (Zhang and Suen 1984)."""
    mask = np.pad(mask, 1)
    while True:
        before = mask.copy()
        for first in (True, False):
            p = [np.roll(mask, shift, (0, 1)) for shift in
                 ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))]  # fmt: skip
            count = sum(each.astype(int) for each in p)
            changes = sum((~a & b).astype(int) for a, b in zip(p, [*p[1:], p[0]], strict=True))
            north, east, south, west = p[0], p[2], p[4], p[6]
            free = ~(north & east & south) & ~(east & south & west) if first else (
                ~(north & east & west) & ~(north & south & west))  # fmt: skip
            mask = mask & ~((count >= 2) & (count <= 6) & (changes == 1) & free)
        if (before == mask).all():
            return mask[1:-1, 1:-1]


def small(digit: Digit, rng: Rng) -> Made:
    """A digit of 15 to 25 % of the side, its strokes 2.5 to 4 % wide, on a canvas without ground."""
    size = round(336 * rng.uniform(0.15, 0.25) * 1.4) * 4
    large = np.asarray(Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)) / 255
    line = _middle(large > 0.4)
    drawn = ndimage.distance_transform_edt(~line) <= 4 * 336 * rng.uniform(0.025, 0.04) / 2
    shrunk = Image.fromarray(np.uint8(255 * drawn)).resize((size // 4, size // 4), Image.Resampling.BOX)
    page = Image.new("L", (336, 336))
    x, y = rng.integers(0, 336 - size // 4, 2).tolist()
    page.paste(shrunk, (x, y))
    return _transparent(np.asarray(page, dtype=np.float64), 0)


def transparent(digit: Digit, rng: Rng) -> Made:
    """Strokes of some colour on nothing."""
    colour = [0, 255, 128, int(rng.integers(256))][rng.integers(4)]
    return _transparent(255 * share_of(digit, 280, rng), colour)


def _transparent(alpha: NDArray[np.float64], colour: int) -> Made:
    picture = np.full((*alpha.shape, 4), colour, dtype=np.float64)
    picture[..., 3] = alpha
    return png(picture)


def typed(digit: Digit, rng: Rng) -> Made:
    """As it is, 28 × 28, in a tiny picture."""
    grey = digit.astype(np.float64)
    return png(grey if rng.random() < 0.5 else 255.0 - grey)


FORMS: dict[str, Callable[[Digit, Rng], Made]] = {
    "clean, black on white": partial(plain, ink=0, ground=255),
    "clean, white on black": partial(plain, ink=255, ground=0),
    "28 × 28, as it is": typed,
    "shaded paper": shaded,
    "half in shadow, soft": partial(shadowed, hard=False),
    "half in shadow, with an edge": partial(shadowed, hard=True),
    "noisy paper": noisy,
    "pencil": pencil,
    "colours": coloured,
    "stray click": clicked,
    "specks": specked,
    "ruled paper": ruled,
    "frame": framed,
    "16 bits, turned": turned,
    "thick strokes": thick,
    "thin strokes": thin,
    "small, on the pad": small,
    "transparent ground": transparent,
    "squared paper, photographed": squared,
    "sheet on a darker table": partial(on_table, darker=True),
    "sheet on a lighter table": partial(on_table, darker=False),
    "photograph, 12 megapixels": photograph,
}
