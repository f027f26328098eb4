"""Digits in many hands, drawn by splines: the shapes that people learn at school in several countries, and their pens.

A shape is its strokes, one after the other with `/` between: each a smooth curve through points `across,down` in
hundredths of the digit's height; after a point with `!` it turns a corner. All are of our own drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.interpolate import make_interp_spline

from benchmarks.picture_files import Rng, Share

Points = NDArray[np.float64]  # (points, 2), across and down, in heights of a digit
Stroke = NDArray[np.float64]  # (points, 3): the same, and half of the pen's width there

SHAPES: dict[int, tuple[str, ...]] = {
    0: (
        "35,0 8,20 2,55 12,90 35,100 60,85 66,50 58,15 35,0",
        "50,4 25,4 5,30 4,70 25,98 50,92 64,60 60,20 40,2 26,5",
        "38,4 14,18 4,50 14,86 36,100 60,80 64,40 54,12 36,3",
        "30,0 10,25 6,60 20,97 40,94 50,55 46,15 30,0",
    ),
    1: (
        "35,0! 35,100!",
        "12,26 35,0! 35,100!",
        "0,44 18,25 38,0! 38,100!",
        "12,22 35,0! 35,100! / 10,100! 60,99!",
        "38,0! 30,50 27,100!",
    ),
    2: (
        "5,22 20,2 45,2 58,22 45,50 2,98! 65,98!",
        "6,24 22,2 50,5 54,32 28,72 7,92 10,99 26,86 40,93 66,94",
        "8,26 26,0 54,13 46,46 4,97! 35,92 66,98",
        "4,18 24,1 52,10 50,36 26,66 4,99! 62,96!",
    ),
    3: (
        "6,12 30,0 55,14 48,38 25,47! 55,58 62,80 35,100 4,88",
        "6,2! 58,2! 28,40! 58,56 58,88 28,100 2,90",
        "5,15 30,0 52,20 28,46! 58,72 32,100 3,86",
        "10,8 38,0 52,20 34,42 22,47 36,49 60,68 44,97 6,94",
    ),
    4: (
        "45,0! 2,68! 66,68! / 46,0! 45,100!",
        "12,0! 5,52! 66,50! / 52,14! 48,100!",
        "14,2 7,36 18,53 62,47 / 58,4! 52,100!",
        "40,100! 42,0! 0,66! 64,65!",
        "20,0! 4,60! 64,60! / 44,32! 42,100!",
    ),
    5: (
        "15,3! 10,45! 38,40 60,62 50,92 22,100 2,90 / 15,3! 60,2!",
        "58,2! 15,2! 10,44! 40,40 62,65 45,97 5,92",
        "16,2! 12,42! 34,40 54,60 48,92 4,96 / 16,4! 62,0!",
        "60,4! 18,4! 12,46! 30,40 56,52 56,84 32,100 6,92",
    ),
    6: (
        "50,2 18,30 4,65 15,95 42,97 58,76 42,55 10,68",
        "40,0 12,40 6,78 30,100 54,84 44,58 14,64",
        "56,6 30,8 8,40 6,80 30,100 58,82 50,56 26,56 8,72",
        "30,0 10,45 6,82 28,100 50,86 46,66 26,60 8,80",
    ),
    7: (
        "3,3! 60,3! 25,100!",
        "3,4! 60,3! 26,100! / 14,52! 58,48!",
        "4,18! 5,3! 62,4! 22,100!",
        "4,8! 30,6 60,4! 40,40 30,100",
        "2,12 6,4 22,8 62,3! 38,45 28,100 / 16,50! 60,46!",
    ),
    8: (
        "52,12 30,0 10,18 30,45 56,72 30,100 5,76 30,47 54,20 50,8",
        "32,0 10,22 32,46 54,22 32,0! / 32,46 4,74 32,100 60,74 32,46",
        "55,15 35,0 12,20 55,72 33,100 8,78 50,28 53,12",
        "30,46 12,22 32,0 52,20 34,44 8,74 32,100 56,76 30,46",
    ),
    9: (
        "55,15 32,2 6,25 26,50 54,28 56,10! 50,100!",
        "56,20 32,0 8,24 28,48 55,26 57,16! 54,72 34,100 8,90",
        "54,22 30,2 6,28 30,52 54,24! 46,70 32,100",
        "50,10 26,0 6,26 24,50 50,30 54,6! 52,60 52,100",
    ),
}

FINE = 4  # times as large is a digit drawn, before it is shrunk
STEP = 0.01  # heights between two points of a stroke


@dataclass(frozen=True)
class Hand:
    """How somebody writes, with some pen."""

    slant: float  # columns to the right for each row up
    broad: float  # times as wide as the shape is drawn
    loose: float  # standard deviation of the points of a shape, heights
    turn: float  # degrees, about which each digit is turned
    pen: float  # width, heights
    taper: float  # of the width that is lost towards the end of a stroke
    shapes: tuple[int, ...]  # which of the shapes of each digit


def hand(rng: Rng, pens: tuple[float, float]) -> Hand:
    """Anybody's, with a pen of some width between these, in heights of a digit."""
    return Hand(
        slant=rng.uniform(-0.12, 0.4),
        broad=rng.uniform(0.8, 1.25),
        loose=rng.uniform(0.008, 0.026),
        turn=rng.uniform(1, 4),
        pen=rng.uniform(*pens),
        taper=rng.choice([0.0, rng.uniform(0.1, 0.5)]),
        shapes=tuple(int(rng.integers(len(shapes))) for shapes in SHAPES.values()),
    )


def written(digit: int, by: Hand, rng: Rng, *, mouse: bool = False) -> list[Stroke]:
    """The strokes of a digit; by `mouse` in straight pieces and with a tremor."""
    strokes = []
    angle = np.radians(rng.normal(0, by.turn))
    lean = by.slant + rng.normal(0, 0.04)
    turned = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for text in SHAPES[digit][by.shapes[digit]].split("/"):
        parts = [_curve(points + rng.normal(0, by.loose, points.shape)) for points in _parts(text)]
        line = np.concatenate([np.concatenate([part, part[-1:]]) for part in parts])
        if mouse:
            line = _jerky(line, rng)
        line = (line * (by.broad, 1) + np.outer(1 - line[:, 1], (lean, 0))) @ turned
        done = np.linspace(0, 1, len(line))
        wave = 0.1 * np.sin(2 * np.pi * (done + rng.random())) * bool(by.taper)  # as a hand presses
        width = by.pen * (1 - by.taper * done**2) * (1 + wave)
        strokes.append(np.column_stack([line, width / 2]))
    return strokes


def _parts(text: str) -> list[Points]:
    """The smooth parts of a stroke, each from one corner to the next."""
    parts: list[list[list[float]]] = [[]]
    for word in text.split():
        point = [int(number) / 100 for number in word.rstrip("!").split(",")]
        parts[-1].append(point)
        if word.endswith("!"):
            parts.append([point])
    return [np.array(part) for part in parts if len(part) > 1]


def _curve(points: Points) -> Points:
    """A smooth curve through points, given close to each other; between two of them a line that is slightly bent."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(np.sqrt(steps + 1e-6))])  # centripetal: no loops where points are near
    count = max(3, int(steps.sum() / STEP))
    spline = make_interp_spline(along, points, k=min(3, len(points) - 1))
    found: Points = np.asarray(spline(np.linspace(0, along[-1], count)))
    if len(points) == 2:
        bend = np.sin(np.linspace(0, np.pi, count)) * 0.03 * np.sin(1000 * points.sum())
        found = found + np.outer(bend, (points[1] - points[0])[::-1] * (1, -1))
    return found


def _jerky(line: Points, rng: Rng) -> Points:
    """As a mouse sends it: a point here and there with straight lines between, and a hand that shakes."""
    every = int(rng.integers(4, 11))
    kept = np.unique([*range(0, len(line), every), len(line) - 1])
    shaken = line[kept] + rng.normal(0, rng.uniform(0.004, 0.012), (len(kept), 2))
    places = np.arange(len(line))
    return np.column_stack([np.interp(places, kept, shaken[:, axis]) for axis in (0, 1)])


def drawn(strokes: Sequence[Stroke], height: int, room: tuple[int, int], rng: Rng) -> Share:
    """How much of each pixel is ink: a digit of `height` pixels, somewhere on a page of `room`, (rows, columns)."""
    every = np.concatenate(list(strokes))
    edge = every[:, 2:].max()
    low, high = every[:, :2].min(axis=0) - edge, every[:, :2].max(axis=0) + edge
    scale = min(height / (high - low)[1], 0.96 * room[1] / (high - low)[0], 0.96 * room[0] / (high - low)[1])
    size = (high - low) * scale
    corner = rng.uniform(0.02, 0.98, 2) * (np.array(room[::-1]) - size)
    page = Image.new("L", (FINE * room[1], FINE * room[0]))
    brush = ImageDraw.Draw(page)
    for stroke in strokes:
        places = FINE * ((stroke[:, :2] - low) * scale + corner)
        radii = FINE * np.maximum(stroke[:, 2] * scale, 0.5)
        for (x, y), radius in zip(places.tolist(), radii.tolist(), strict=True):
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        _joined(brush, places, radii)
    small = page.resize((room[1], room[0]), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64) / 255


def _joined(brush: ImageDraw.ImageDraw, places: Points, radii: NDArray[np.float64]) -> None:
    """Lines between the points, where these lie apart."""
    for start, end, radius in zip(places[:-1].tolist(), places[1:].tolist(), radii[:-1].tolist(), strict=True):
        brush.line((*start, *end), fill=255, width=max(1, round(2 * radius)))
