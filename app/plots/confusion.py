"""The confusion matrix of a classifier: what it took each class for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.domain.counting import counted
from app.plots.style import SMALL_POINTS, TEXT_POINTS, Look, colours, drawing, page, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COUNTED = 15  # labels, up to which every cell holds its number
FEW = 4  # labels, up to which the numbers are large
LETTER = 0.1  # inches that a letter of a name takes
CELL, SMALL_CELL = 0.52, 0.19  # inches, of a matrix with numbers and without
SMALLEST = 3.6  # inches, of a matrix of few labels
BESIDE = 1.9  # inches for names at the left and the colour bar


def confusion(
    target: NDArray[np.int64], predicted: NDArray[np.int64], labels: Sequence[str], title: str, look: Look
) -> bytes:
    """Rows are true classes, columns predicted ones; `target` and `predicted` are (rows,) positions in `labels`.

    A cell's shade is its share of the row; classes without any example stay empty.
    """
    counts = matrix(target, predicted, len(labels))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    numbered = len(labels) <= COUNTED
    side = max(look.fit(SMALLEST + BESIDE) - BESIDE, len(labels) * (CELL if numbered else SMALL_CELL))
    right = float(np.mean(target == predicted)) if len(target) else 0.0
    with drawing(look.theme):
        from matplotlib.colors import LinearSegmentedColormap

        figure = page(side + BESIDE, side + 1.1, title, f"accuracy {right:.4f} on {counted(len(target), 'test row')}")
        axes = figure.subplots()
        shades = LinearSegmentedColormap.from_list("shares", colours().shares)
        image = axes.imshow(np.ma.masked_equal(shares, 0), cmap=shades, vmin=0, vmax=1, interpolation="nearest")
        _name(axes, labels, side / len(labels), SMALL_POINTS if numbered else SMALL_POINTS * 0.72)
        if numbered:
            _number(axes, counts, shades(shares), TEXT_POINTS + 3 if len(labels) <= FEW else SMALL_POINTS)
        bar = figure.colorbar(image, ax=axes, fraction=0.045, pad=0.03, label="share of the true class")
        bar.outline.set_visible(False)
        return render(figure, look, title)


def matrix(target: NDArray[np.int64], predicted: NDArray[np.int64], labels: int) -> NDArray[np.int64]:
    """(labels, labels) counts: row by true class, column by predicted class."""
    flat = np.bincount(target * labels + predicted, minlength=labels * labels)
    return flat.reshape(labels, labels)


def _name(axes: "Axes", labels: Sequence[str], cell: float, points: float) -> None:
    places = np.arange(len(labels))
    fits = max(map(len, labels)) * LETTER <= cell
    turned = 0 if fits else 90 if len(labels) > COUNTED else 35
    axes.set_xticks(places, labels, rotation=turned, fontsize=points, ha="right" if turned == 35 else "center")
    axes.set_yticks(places, labels, fontsize=points)
    axes.tick_params(length=0, pad=3)
    axes.set(xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)
    axes.set_xticks(places[:-1] + 0.5, minor=True)
    axes.set_yticks(places[:-1] + 0.5, minor=True)
    axes.grid(which="minor", color=colours().pale, linewidth=0.6)
    axes.tick_params(which="minor", length=0)


def _number(axes: "Axes", counts: NDArray[np.int64], shades: NDArray[np.float64], points: float) -> None:
    """`shades` is (labels, labels, 4): what colour each cell has, 0 to 1."""
    from matplotlib.colors import to_hex

    for row, column in np.argwhere(counts):
        colour = colours().on(to_hex(shades[row, column]))
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", color=colour, fontsize=points)
