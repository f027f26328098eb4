"""The forms in which people send a digit, made from MNIST's pictures: paper, light, cameras, pens and files."""

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

Digit = NDArray[np.uint8]  # (28, 28), 255 is ink
Share = NDArray[np.float64]  # (rows, columns), how much of a pixel is ink, 0 to 1
Rng = np.random.Generator
Made = bytes  # a PNG or JPEG

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


def share_of(digit: Digit, side: int, rng: Rng, low: float = 0.5, high: float = 1.0) -> Share:
    """The digit enlarged, somewhere on a square of `side` pixels, of which its 28 pixels take `low` to `high`."""
    size = round(side * rng.uniform(low, high))
    large = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    page = Image.new("L", (side, side))
    page.paste(large, tuple(int(place) for place in rng.integers(0, side - size + 1, 2)))
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


def png(picture: NDArray[np.float64], **options: object) -> Made:
    """As a PNG of 8 bits."""
    return saved(Image.fromarray(np.clip(np.round(picture), 0, 255).astype(np.uint8)), "PNG", **options)


def jpeg(picture: NDArray[np.float64], rng: Rng, low: int = 60, high: int = 95) -> Made:
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
    return low + (high - low) * (along - along.min()) / np.ptp(along)


def edge_of_shadow(side: int, rng: Rng, low: float, high: float) -> NDArray[np.float64]:
    """Paper with a shadow over about one half: its edge is soft, the width of 1 to 20 % of the side."""
    along = slope((side, side), rng, -1, 1) + rng.uniform(-0.35, 0.35)
    return low + (high - low) / (1 + np.exp(-along * 4 / rng.uniform(0.02, 0.4)))


def plain(digit: Digit, rng: Rng, ink: int, ground: int) -> Made:
    """Enlarged, clean."""
    return png(blend(share_of(digit, 280, rng), ink, ground))


def shaded(digit: Digit, rng: Rng) -> Made:
    """A photograph of paper that is unevenly lit."""
    side = int(rng.integers(300, 500))
    paper = slope((side, side), rng, rng.uniform(165, 190), rng.uniform(205, 230))
    return jpeg(blend(share_of(digit, side, rng, 0.4, 0.9), rng.uniform(20, 70), paper) + noise(side, rng, 0, 3), rng)


def shadowed(digit: Digit, rng: Rng, hard: bool) -> Made:
    """The same, half of it in shadow."""
    side = int(rng.integers(300, 500))
    low, high = rng.uniform(75, 110), rng.uniform(200, 225)
    paper = edge_of_shadow(side, rng, low, high) if hard else slope((side, side), rng, low, high)
    share, ink = share_of(digit, side, rng, 0.4, 0.9), rng.uniform(20, 45)
    inked = blend(share, ink / 215 * paper, paper) if rng.random() < 0.5 else blend(share, ink, paper)
    return jpeg(inked + noise(side, rng, 0, 3), rng)


def noise(side: int, rng: Rng, low: float, high: float) -> NDArray[np.float64]:
    """A camera's: normal, with a standard deviation from `low` to `high`."""
    return rng.normal(0, rng.uniform(low, high), (side, side))


def noisy(digit: Digit, rng: Rng) -> Made:
    """Even paper, a camera's noise."""
    side = int(rng.integers(300, 500))
    picture = blend(share_of(digit, side, rng, 0.4, 0.9), rng.uniform(20, 90), rng.uniform(180, 225))
    return jpeg(picture + noise(side, rng, 4, 16), rng)


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


def ruled(digit: Digit, rng: Rng) -> Made:
    """Lines of some colour and distance, also squares, sometimes a margin; the digit lies over them."""
    share = share_of(digit, 280, rng, 0.5, 1)
    page = Image.new("RGB", (280, 280), "white")
    brush = ImageDraw.Draw(page)
    colour = [(170, 190, 235), (190, 190, 190), (120, 150, 220), (200, 225, 240), (90, 90, 90)][rng.integers(5)]
    gap, width, squared = int(rng.integers(18, 60)), int(rng.integers(1, 4)), rng.random() < 0.5
    for place in range(int(rng.integers(0, gap)), 280, gap):
        brush.line((0, place, 280, place), fill=colour, width=width)
        if squared:
            brush.line((place, 0, place, 280), fill=colour, width=width)
    if not squared and rng.random() < 0.3:
        brush.line((30, 0, 30, 280), fill=(235, 120, 120), width=width)
    ink = [(0, 0, 0), (20, 30, 120), (60, 60, 60)][rng.integers(3)]
    picture = np.minimum(blend(share, ink, (255, 255, 255)), np.asarray(page))
    return png(picture) if rng.random() < 0.5 else jpeg(picture, rng, 75)


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


def photograph(digit: Digit, rng: Rng) -> Made:
    """A telephone's, of 12 megapixels: the digit takes 12 to 70 % of the sheet's shorter side, anywhere."""
    height, width = (3_000, 4_000) if rng.random() < 0.5 else (4_000, 3_000)
    size = round(3_000 * rng.uniform(0.12, 0.7) * 1.4)
    size = min(size, 3_000)
    large = Image.fromarray(digit).resize((size, size), Image.Resampling.BICUBIC)
    page = Image.new("L", (width, height))
    page.paste(large, (int(rng.integers(0, width - size + 1)), int(rng.integers(0, height - size + 1))))
    share = np.clip((np.asarray(page, dtype=np.float32) / 255 - 0.5) * 4 + 0.5, 0, 1)
    small = slope((height // 20, width // 20), rng, rng.uniform(140, 190), rng.uniform(200, 230))
    paper = np.asarray(
        Image.fromarray(small.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR), dtype=np.float32
    )
    picture = paper - share * (paper - np.float32(rng.uniform(20, 80)))
    picture += rng.normal(0, rng.uniform(3, 10), (500, width)).astype(np.float32).repeat(height // 500, axis=0)
    return jpeg(picture, rng, 70)


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
    page.paste(shrunk, tuple(int(place) for place in rng.integers(0, 336 - size // 4, 2)))
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
    return png(digit.astype(np.float64) if rng.random() < 0.5 else 255.0 - digit)


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
    "photograph, 12 megapixels": photograph,
}
