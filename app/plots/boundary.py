"""The plane in a classifier's colours: where it changes its mind, and the points it learnt from."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.plots.style import BLUE, INK, VERMILLION, Form, drawing, page, render

SIDE = 5.8  # inches
GRID = 200  # points of the plane asked in each direction
MARGIN = 0.1  # share of the points' range left around them
LEVELS = np.linspace(0, 1, 11)
MARKERS = (("o", BLUE), ("s", VERMILLION))

Points = NDArray[np.float64]  # (n, 2)


def boundary(
    probability: Callable[[Points], NDArray[np.float64]],
    points: Points,
    classes: NDArray[np.int64],
    names: tuple[str, str],
    title: str,
    form: Form,
) -> bytes:
    """`probability` maps (n, 2) points to the (n,) probabilities of the second class; `classes` (n,) are 0 or 1."""
    from matplotlib.colors import LinearSegmentedColormap

    xs, ys = _square(points)
    plane = np.column_stack([part.ravel() for part in np.meshgrid(xs, ys)])
    heights = probability(plane).reshape(GRID, GRID)
    right = float(np.mean((probability(points) > 0.5) == (classes == 1)))
    told = f"{right:.1%} of these {len(points):,} training points lie on their side of the line"
    with drawing():
        colours = LinearSegmentedColormap.from_list("sides", [BLUE, "white", VERMILLION])
        figure = page(SIDE + 1.2, SIDE, title, told)
        axes = figure.subplots()
        filled = axes.contourf(xs, ys, heights, levels=LEVELS, cmap=colours, alpha=0.55, vmin=0, vmax=1)
        if heights.min() < 0.5 < heights.max():
            axes.contour(xs, ys, heights, levels=[0.5], colors=INK, linewidths=2)
        for side, (marker, colour) in enumerate(MARKERS):
            own = points[classes == side]
            looks: dict[str, Any] = {"marker": marker, "color": colour, "edgecolors": "white", "label": names[side]}
            axes.scatter(own[:, 0], own[:, 1], s=42, linewidths=0.8, **looks)
        axes.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]), aspect="equal", xlabel="x1", ylabel="x2")
        figure.legend(loc="outside lower center", ncols=2)
        figure.colorbar(filled, ax=axes, fraction=0.046, pad=0.03, label=f"probability of {names[1]}")
        return render(figure, form, title)


def _square(points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The grid's coordinates in both directions: a square around all points."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) * (0.5 + MARGIN) or 1.0
    middle = (low + high) / 2
    return np.linspace(middle[0] - half, middle[0] + half, GRID), np.linspace(middle[1] - half, middle[1] + half, GRID)
