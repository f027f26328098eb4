"""Digits on paper, as cameras see them: light, shadow, noise, and lines printed on the paper."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.picture_files import Digit, Made, Rng, Share, blend, jpeg, noise, png, share_of, sharp, slope


def shaded(digit: Digit, rng: Rng) -> Made:
    """A photograph of paper that is unevenly lit."""
    side = int(rng.integers(300, 500))
    paper = slope((side, side), rng, rng.uniform(165, 190), rng.uniform(205, 230))
    return jpeg(blend(share_of(digit, side, rng, 0.4, 0.9), rng.uniform(20, 70), paper) + noise(side, rng, 0, 3), rng)


def edge_of_shadow(side: int, rng: Rng, low: float, high: float) -> NDArray[np.float64]:
    """Paper with a shadow over about one half: its edge is soft, the width of 1 to 20 % of the side."""
    along = slope((side, side), rng, -1, 1) + rng.uniform(-0.35, 0.35)
    return low + (high - low) / (1 + np.exp(-along * 4 / rng.uniform(0.02, 0.4)))


def shadowed(digit: Digit, rng: Rng, hard: bool) -> Made:
    """The same, half of it in shadow."""
    side = int(rng.integers(300, 500))
    low, high = rng.uniform(75, 110), rng.uniform(200, 225)
    paper = edge_of_shadow(side, rng, low, high) if hard else slope((side, side), rng, low, high)
    share, ink = share_of(digit, side, rng, 0.4, 0.9), rng.uniform(20, 45)
    inked = blend(share, ink / 215 * paper, paper) if rng.random() < 0.5 else blend(share, ink, paper)
    return jpeg(inked + noise(side, rng, 0, 3), rng)


def noisy(digit: Digit, rng: Rng) -> Made:
    """Even paper, a camera's noise."""
    side = int(rng.integers(300, 500))
    picture = blend(share_of(digit, side, rng, 0.4, 0.9), rng.uniform(20, 90), rng.uniform(180, 225))
    return jpeg(picture + noise(side, rng, 4, 16), rng)


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


def squared(digit: Digit, rng: Rng) -> Made:
    """Squared paper in a photograph: lines of some colour, over or under the ink, tilted by up to three degrees."""
    side = int(rng.integers(300, 450))
    share = sharp(share_of(digit, side, rng, 0.5, 0.95))
    shade = slope((side, side), rng, rng.uniform(165, 200), rng.uniform(205, 230))[..., None] / 215
    paper = shade * rng.uniform((205, 203, 185), (218, 218, 218))
    lines = _squares(side, rng)[..., None] * rng.uniform(0.5, 1)
    colour = np.array([(140, 170, 220), (150, 150, 150), (120, 160, 200), (190, 150, 140)][rng.integers(4)])
    ink = np.array([(40, 45, 110), (30, 30, 35), (150, 30, 40), (75, 75, 78)][rng.integers(4)])
    if rng.random() < 0.5:
        picture = blend(share, ink, paper) * (1 - lines) + lines * colour
    else:
        picture = np.minimum(blend(share, ink, paper), paper * (1 - lines) + lines * colour)
    return jpeg(picture + rng.normal(0, rng.uniform(0, 4), picture.shape), rng, 70)


def _squares(side: int, rng: Rng) -> Share:
    """Lines that cross each other, drawn fine and shrunk, so that they are as smooth as a camera sees them."""
    page = Image.new("L", (6 * side, 6 * side))
    brush = ImageDraw.Draw(page)
    gap, width = 4 * side / rng.integers(8, 26), max(3, round(4 * side * rng.uniform(0.002, 0.006)))
    for place in np.arange(0, 6 * side, gap):
        brush.line((0, place, 6 * side, place), fill=255, width=width)
        brush.line((place, 0, place, 6 * side), fill=255, width=width)
    page = page.rotate(rng.uniform(-3, 3), Image.Resampling.BILINEAR).crop((side, side, 5 * side, 5 * side))
    return np.asarray(page.resize((side, side), Image.Resampling.BOX), dtype=np.float64) / 255
