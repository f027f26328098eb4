"""Contact sheets of digits: with what a network read in them, or with their labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.plots.style import INK, SMALL_POINTS, VERMILLION, Form, drawing, page, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PER_ROW = 10
SIDE = 28  # pixels of a digit
PITCH_X, PITCH_Y = 34, 42  # pixels from one digit to the next: below each there is a line of text
PIXELS_PER_INCH = 38


def sheet(
    pictures: NDArray[np.uint8],
    target: Sequence[str],
    predicted: Sequence[str],
    probability: Sequence[float],
    title: str,
    form: Form,
) -> bytes:
    """`pictures` (n, 28, 28), ink 255 on 0, as `training.evaluate` chose them; the other three have an entry for each.

    Mistakes are framed.
    """
    told = "The first test digits, then the surest mistakes; below each what was read, and how probable it seemed"
    wrong = [one != other for one, other in zip(target, predicted, strict=True)]
    texts = [
        f"{read}, is {true}" if missed else f"{read}  {share:.0%}"
        for true, read, share, missed in zip(target, predicted, probability, wrong, strict=True)
    ]
    return _sheet(pictures, texts, wrong, title, told, form)


def examples(pictures: NDArray[np.uint8], labels: Sequence[str], title: str, told: str, form: Form) -> bytes:
    """`pictures` (n, 28, 28), ink 255 on 0, each with its label below."""
    return _sheet(pictures, labels, [False] * len(pictures), title, told, form)


def _sheet(
    pictures: NDArray[np.uint8], texts: Sequence[str], marked: Sequence[bool], title: str, told: str, form: Form
) -> bytes:
    rows = max(1, -(-len(pictures) // PER_ROW))
    width, height = PER_ROW * PITCH_X, rows * PITCH_Y
    with drawing():
        figure = page(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH, title, told)
        axes = figure.subplots()
        axes.imshow(255 - mosaic(pictures), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.axis("off")
        for number, entry in enumerate(zip(texts, marked, strict=True)):
            _describe(axes, number, *entry)
        return render(figure, form, title)


def mosaic(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """All pictures in one image, ten in a row, with room below each: (rows * 42, 340)."""
    rows = max(1, -(-len(pictures) // PER_ROW))
    image = np.zeros((rows * PITCH_Y, PER_ROW * PITCH_X), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        top, left = _corner(number)
        image[top : top + SIDE, left : left + SIDE] = picture
    return image


def _corner(number: int) -> tuple[int, int]:
    """Top and left pixel of a picture."""
    row, column = divmod(number, PER_ROW)
    return row * PITCH_Y + 2, column * PITCH_X + (PITCH_X - SIDE) // 2


def _describe(axes: "Axes", number: int, text: str, marked: bool) -> None:
    from matplotlib.patches import Rectangle

    top, left = _corner(number)
    looks: dict[str, Any] = {"color": VERMILLION, "fontweight": "bold"} if marked else {"color": INK}
    axes.text(left + SIDE / 2, top + SIDE + 2, text, ha="center", va="top", fontsize=SMALL_POINTS, **looks)
    frame = Rectangle((left - 0.5, top - 0.5), SIDE, SIDE, fill=False)
    frame.set(edgecolor=VERMILLION if marked else "#D0D0D0", linewidth=2 if marked else 0.6)
    axes.add_patch(frame)
