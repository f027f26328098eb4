"""Contact sheets of pictures: with what a network read in them, or with their labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.plots.style import SMALL_POINTS, Look, colours, drawing, page, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PER_ROW, PER_NARROW_ROW = 10, 4
SIDE = 28  # pixels of a digit; pictures of another size are drawn as large
GAP, BELOW, ABOVE = 6, 14, 2  # pixels, of 28 to a picture, beside each, from one to the line of text below it and on
PIXELS_PER_INCH = 38
ROOM = 10  # characters of a line below a picture
LINE = 5  # pixels, of 28 to a picture, that a second line takes


class Grid:
    """Where pictures of one size are."""

    def __init__(self, side: int, lines: int = 1, across: int = PER_ROW) -> None:
        self.side = side
        self.across = across
        self.unit = side / SIDE
        self.pitch_x = side + max(2, round(GAP * self.unit))  # pixels from one picture to the next
        self.pitch_y = side + round((BELOW + LINE * (lines - 1)) * self.unit)
        self.above = max(1, round(ABOVE * self.unit))

    def corner(self, number: int) -> tuple[int, int]:
        """Top and left pixel of a picture."""
        row, column = divmod(number, self.across)
        return row * self.pitch_y + self.above, column * self.pitch_x + (self.pitch_x - self.side) // 2

    def mosaic(self, pictures: NDArray[np.uint8], ground: int | Sequence[int]) -> NDArray[np.uint8]:
        """All pictures, (n, side, side) or (n, side, side, 3), in one image, with room below each."""
        rows = max(1, -(-len(pictures) // self.across))
        shape = (rows * self.pitch_y, self.across * self.pitch_x, *pictures.shape[3:])
        image = np.full(shape, ground, dtype=np.uint8)
        for number, picture in enumerate(pictures):
            top, left = self.corner(number)
            image[top : top + self.side, left : left + self.side] = picture
        return image


def sheet(
    pictures: NDArray[np.uint8],
    target: Sequence[str],
    predicted: Sequence[str],
    probability: Sequence[float],
    title: str,
    look: Look,
    *,
    ink: bool = True,
) -> bytes:
    """`pictures` (n, side, side) or (n, side, side, 3), as `training.evaluate` chose them; the other three have an
    entry for each. `ink`: what is 255 is drawn as text is, 0 as its ground.

    Mistakes are framed.
    """
    first = "The first test digits" if ink else "The first test pictures"
    told = f"{first}, then the surest mistakes; below each what was read, and how probable it seemed"
    wrong = [one != other for one, other in zip(target, predicted, strict=True)]
    texts = [
        _told(f"{read},", f"is {true}", " ") if missed else _told(read, f"{share:.0%}", "  ")
        for true, read, share, missed in zip(target, predicted, probability, wrong, strict=True)
    ]
    return _sheet(pictures, texts, wrong, title, told, look, ink)


def examples(
    pictures: NDArray[np.uint8], labels: Sequence[str], title: str, told: str, look: Look, *, ink: bool = True
) -> bytes:
    """The same with its label below each."""
    texts = [_short(label, ROOM) for label in labels]
    return _sheet(pictures, texts, [False] * len(pictures), title, told, look, ink)


def _told(first: str, second: str, between: str) -> str:
    """In one line if there is room, else in two."""
    one = f"{first}{between}{second}"
    return one if len(one) <= ROOM else f"{_short(first, ROOM)}\n{_short(second, ROOM)}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _sheet(
    pictures: NDArray[np.uint8],
    texts: Sequence[str],
    marked: Sequence[bool],
    title: str,
    told: str,
    look: Look,
    ink: bool,
) -> bytes:
    across = PER_NARROW_ROW if look.is_narrow else PER_ROW
    grid = Grid(pictures.shape[1], 2 if any("\n" in text for text in texts) else 1, across)
    with drawing(look.theme):
        from matplotlib.colors import LinearSegmentedColormap, to_rgba

        shades = LinearSegmentedColormap.from_list("ink", [colours().ground, colours().ink])
        ground = [round(255 * part) for part in to_rgba(colours().ground)[:3]]
        image = grid.mosaic(pictures, 0) if ink else grid.mosaic(_coloured(pictures), ground)
        height, width = (side / grid.unit for side in image.shape[:2])
        figure = page(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH, title, told)
        axes = figure.subplots()
        axes.imshow(image, cmap=shades, vmin=0, vmax=255, interpolation="nearest")
        axes.axis("off")
        for number, entry in enumerate(zip(texts, marked, strict=True)):
            _describe(axes, grid, number, *entry)
        return render(figure, look, title)


def _coloured(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, side, side, 3), whether they were grey or not."""
    return pictures if pictures.ndim == 4 else np.repeat(pictures[..., np.newaxis], 3, axis=-1)


def _describe(axes: "Axes", grid: Grid, number: int, text: str, marked: bool) -> None:
    from matplotlib.patches import Rectangle

    (top, left), side = grid.corner(number), grid.side
    looks: dict[str, Any] = {"color": colours().vermillion, "fontweight": "bold"} if marked else {}
    below = top + side + ABOVE * grid.unit
    axes.text(left + side / 2, below, text, ha="center", va="top", fontsize=SMALL_POINTS, **looks)
    frame = Rectangle((left - 0.5, top - 0.5), side, side, fill=False)
    frame.set(edgecolor=colours().vermillion if marked else colours().pale, linewidth=2 if marked else 0.6)
    axes.add_patch(frame)
