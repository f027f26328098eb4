"""How many digits drawn by this program are read right: printed, scanned, drawn by mouse, photographed, on envelopes.

Ten hands (or fonts) of each kind write every digit once: 500 pictures by default, always the same of one seed, none of
them made from MNIST's. They go the way of `/predict`'s `image`. Answers are those of the bundled model.
"""

import argparse
import base64
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from app.errors import Refused
from app.inference.predictor import Predictor
from app.kinds.image import ImageInput
from app.wire.predictions import Options
from benchmarks.picture_files import Made, Rng, Share, blend, jpeg, png, saved, slope
from benchmarks.picture_hands import Hand, drawn, hand, written
from benchmarks.pictures import bundled

Colours = NDArray[np.float64]  # (rows, columns, 3)
Maker = Callable[[int, int, Rng], Made]  # digit, number of its hand, chances

FONTS = (  # that Matplotlib brings
    "DejaVuSans", "DejaVuSerif", "STIXGeneral", "cmr10", "DejaVuSansMono", "DejaVuSans-Bold", "STIXGeneralItalic",
    "cmss10", "DejaVuSerif-Italic", "cmtt10", "DejaVuSans-BoldOblique", "STIXGeneralBol", "DejaVuSerif-Bold", "cmb10",
    "DejaVuSansMono-Oblique", "STIXGeneralBolIta", "DejaVuSans-Oblique", "DejaVuSerif-BoldItalic",
    "DejaVuSansMono-Bold", "DejaVuSansMono-BoldOblique",
)  # fmt: skip
INKS = [(35, 45, 125), (25, 25, 32), (20, 60, 150), (95, 95, 100), (150, 30, 40)]
DESKS = [(205, 203, 196), (222, 220, 214), (190, 186, 172), (214, 206, 180)]
ENVELOPES = [(206, 172, 128), (232, 226, 212), (240, 238, 232), (188, 200, 214), (226, 214, 178), (170, 136, 96)]


@dataclass(frozen=True)
class Drawing:
    """A picture of a digit."""

    kind: str
    digit: int
    content: Made


def printed(digit: int, number: int, rng: Rng) -> Made:
    """In a font, on a scan that is a little askew, or as a program draws it."""
    height = int(rng.integers(30, 160))
    font = font_of(FONTS[number % len(FONTS)], height)
    left, top, right, bottom = font.getbbox(str(digit))
    room = round(height * rng.uniform(1.5, 2.5))
    page = Image.new("L", (room, room))
    x, y = (rng.uniform(0.1, 0.9, 2) * (room - right + left, room - bottom + top)).tolist()
    ImageDraw.Draw(page).text((x - left, y - top), str(digit), font=font, fill=255)
    page = page.rotate(rng.normal(0, 2), Image.Resampling.BICUBIC)
    share = ndimage.gaussian_filter(np.asarray(page, dtype=np.float64) / 255, rng.uniform(0, height / 60))
    if number % 2:
        return png(blend(share, rng.uniform(0, 60), 255))
    return jpeg(blend(share, rng.uniform(20, 90), rng.uniform(200, 250)) + rng.normal(0, 4, share.shape), rng)


@cache
def font_of(name: str, height: int) -> ImageFont.FreeTypeFont:
    """One of `FONTS`, of about so many pixels."""
    import matplotlib as mpl

    return ImageFont.truetype(Path(mpl.get_data_path(), "fonts", "ttf", f"{name}.ttf"), height)


def scanned(digit: int, by: Hand, rng: Rng) -> Made:
    """A small square cut out of a form: grey paper, ink that is not everywhere as dark, and the scanner's noise."""
    room = (int(rng.integers(48, 140)), int(rng.integers(44, 120)))
    share = drawn(written(digit, by, rng), round(min(room) * rng.uniform(0.55, 0.85)), room, rng)
    share = ndimage.gaussian_filter(share * _uneven(room, rng), rng.uniform(0.3, 0.9))
    picture = blend(share, rng.uniform(20, 100), rng.uniform(215, 250))
    picture += rng.normal(0, rng.uniform(1, 5), room)
    return jpeg(picture, rng) if rng.random() < 0.5 else png(picture)


def by_mouse(digit: int, by: Hand, rng: Rng) -> Made:
    """A round brush of one width, on white, on black or on nothing."""
    side = int(rng.integers(180, 420))
    share = drawn(written(digit, by, rng, mouse=True), round(side * rng.uniform(0.35, 0.85)), (side, side), rng)
    kind = rng.integers(3)
    if kind == 2:
        layers = np.full((side, side, 4), rng.choice([0, 255]), dtype=np.uint8)
        layers[..., 3] = np.round(255 * share)
        return saved(Image.fromarray(layers), "PNG")
    return png(blend(share, 0, 255) if kind == 0 else blend(share, 255, 0))


def photographed(digit: int, by: Hand, rng: Rng) -> Made:
    """Paper in a telephone's picture: light from one side, a shadow with a soft edge, blur and noise."""
    room = [(600, 450), (450, 600), (500, 500)][rng.integers(3)]
    share = drawn(written(digit, by, rng), round(min(room) * rng.uniform(0.3, 0.8)), room, rng)
    share *= _uneven(room, rng)
    light = slope(room, rng, rng.uniform(0.55, 0.85), rng.uniform(0.95, 1.1))
    if rng.random() < 0.6:
        edge = slope(room, rng, -1, 1) - rng.uniform(-0.6, 0.6)
        light *= 1 - rng.uniform(0.15, 0.45) / (1 + np.exp(-edge / rng.uniform(0.02, 0.2)))
    paper = np.array(DESKS[rng.integers(len(DESKS))]) + 3 * _rough(room, rng, 1.5)[..., None]
    picture = blend(share, INKS[rng.integers(len(INKS))], paper) * light[..., None]
    picture = ndimage.gaussian_filter(picture, (*[rng.uniform(0.5, 1.6)] * 2, 0))
    return jpeg(picture + rng.normal(0, rng.uniform(1, 6), picture.shape), rng, 60)


def on_envelope(digit: int, by: Hand, rng: Rng) -> Made:
    """Cut out of an address: rough paper of some colour with fibres, the print of its inside shining through."""
    room = (int(rng.integers(70, 220)), int(rng.integers(60, 180)))
    share = drawn(written(digit, by, rng), round(min(room) * rng.uniform(0.55, 0.85)), room, rng)
    share = ndimage.gaussian_filter(share * _uneven(room, rng), 0.5)
    grain = rng.uniform(2, 6) * _rough(room, rng, 0.8) + rng.uniform(1, 4) * _rough(room, rng, 6)
    grain = grain - rng.uniform(5, 14) * _fibres(room, rng)
    if rng.random() < 0.5:
        rows, columns = np.mgrid[: room[0], : room[1]]
        pitch = rng.uniform(5, 12)
        grain = grain - rng.uniform(2, 6) * (np.sin(rows / pitch * 3 + np.sin(columns / pitch)) > 0.3)
    paper = np.array(ENVELOPES[rng.integers(len(ENVELOPES))]) + grain[..., None]
    picture = blend(share, INKS[rng.integers(3)], paper) * slope(room, rng, 0.9, 1.03)[..., None]
    return jpeg(picture + rng.normal(0, rng.uniform(1, 4), picture.shape), rng, 65)


def _uneven(room: tuple[int, int], rng: Rng) -> Share:
    """How much of the ink came on paper, 0.75 to 1: a pen does not press alike everywhere."""
    return np.clip(0.93 + 0.05 * _rough(room, rng, 4), 0.75, 1)


def _rough(room: tuple[int, int], rng: Rng, size: float) -> Share:
    """Noise with a deviation of 1, of spots about as large as this."""
    found = ndimage.gaussian_filter(rng.normal(size=room), size, mode="wrap")
    return np.asarray(found / found.std())


def _fibres(room: tuple[int, int], rng: Rng) -> Share:
    """Short bent hairs in paper."""
    page = Image.new("L", (room[1], room[0]))
    brush = ImageDraw.Draw(page)
    for _ in range(room[0] * room[1] // 400):
        x, y = rng.uniform(0, 1, 2) * room[::-1]
        start, length = rng.uniform(0, 360), rng.uniform(3, 9)
        brush.arc((x, y, x + length, y + length), start, start + rng.uniform(30, 120), fill=int(rng.integers(80, 255)))
    return np.asarray(page, dtype=np.float64) / 255


def _by_hands(form: Callable[[int, Hand, Rng], Made], thin: float, thick: float) -> Maker:
    """A form whose pens are between `thin` and `thick`, in heights of a digit."""

    def make(digit: int, number: int, rng: Rng) -> Made:
        return form(digit, hand(np.random.default_rng((number, round(1000 * thick))), (thin, thick)), rng)

    return make


KINDS: dict[str, Maker] = {
    "printed": printed,
    "scanned": _by_hands(scanned, 0.05, 0.13),
    "drawn by mouse": _by_hands(by_mouse, 0.04, 0.16),
    "photographed": _by_hands(photographed, 0.04, 0.12),
    "on envelopes": _by_hands(on_envelope, 0.05, 0.11),
}


def drawings(hands: int, seed: int) -> Iterator[Drawing]:
    """Every digit in so many hands of each kind; other hands for another seed."""
    for place, (kind, make) in enumerate(KINDS.items()):
        for number in range(hands):
            for digit in range(10):
                rng = np.random.default_rng((seed, place, number, digit))
                yield Drawing(kind, digit, make(digit, 1000 * seed + number, rng))


def answer(predictor: Predictor, drawing: Drawing) -> int | None:
    """The label that is given; None if the picture is refused."""
    try:
        (found,) = predictor.predict([ImageInput(image=base64.b64encode(drawing.content).decode())], Options())
    except (Refused, ValueError):
        return None
    label: int = found["label"]
    return label


def sheet(some: list[tuple[Drawing, int | None]], file: Path, side: int = 72) -> None:
    """Thumbnails, ten in a row; what was read is written on those that were read wrongly."""
    page = Image.new("RGB", (10 * side, -(-len(some) // 10) * side), (255, 120, 120))
    for place, (drawing, found) in enumerate(some):
        picture = Image.open(io.BytesIO(drawing.content)).convert("RGBA")
        ground = Image.new("RGBA", picture.size, (120, 160, 120))
        small = Image.alpha_composite(ground, picture).convert("RGB")
        small.thumbnail((side - 4, side - 4))
        corner = (place % 10 * side, place // 10 * side)
        page.paste(small, corner)
        if found != drawing.digit:
            ImageDraw.Draw(page).text(corner, f"{drawing.digit}: {found}", fill=(255, 0, 0))
    page.save(file)


def main() -> None:
    """Print the shares of each kind and of each digit, and which were read wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hands", type=int, default=10, help="of each kind, who write ten digits each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, help="a folder for contact sheets")
    given = parser.parse_args()
    predictor = bundled()
    read = [(each, answer(predictor, each)) for each in drawings(given.hands, given.seed)]
    print("| | right | of | refused | wrong: digit, answer |\n|---|---|---|---|---|")
    rows = {kind: [pair for pair in read if pair[0].kind == kind] for kind in KINDS}
    rows |= {f"all {digit}s": [pair for pair in read if pair[0].digit == digit] for digit in range(10)}
    for name, pairs in (rows | {"all": read}).items():
        right = sum(found == each.digit for each, found in pairs)
        refused = sum(found is None for _, found in pairs)
        wrong = Counter(f"{each.digit}: {found}" for each, found in pairs if found not in (None, each.digit))
        told = ", ".join(f"{pair} ({count})" for pair, count in wrong.most_common())
        print(f"| {name} | {right / len(pairs):.3f} | {len(pairs)} | {refused} | {told} |")
    if given.save:
        given.save.mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            sheet(rows[kind], given.save / f"{kind.replace(' ', '-')}.png")


if __name__ == "__main__":
    main()
