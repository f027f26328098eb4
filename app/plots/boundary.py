"""The plane in a classifier's colours: where it changes its mind, and the points it learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Plane, Shown
from app.plots.series import thin
from app.plots.style import TEXT_POINTS, WIDTH, Look, clean, colours, drawing, light_grid, page, render, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE = 5.8  # inches
LEVELS = np.linspace(0, 1, 11)
MARKERS = "os"  # of the two classes
LARGE, SMALL = 42.0, 14.0  # square points that a marker covers: alone on a page, and among several panels
MOST_POINTS = 2_000  # drawn, evenly chosen from more; in a panel a tenth of them
BAR = 0.9  # inches for the colour bar beside the panels
MOST_COLUMNS = 3
LINE = 0.21  # inches that a line of a panel's heading takes, and the numbers below it

Names = tuple[str, str]  # of the two classes


@dataclass(frozen=True)
class Panel:
    """A model among others."""

    title: str
    told: str  # one more line
    plane: Plane
    shown: Shown  # the training points


def boundary(plane: Plane, shown: Shown, names: Names, title: str, look: Look) -> bytes:
    """`shown` holds the training points, `names` are those of the two classes."""
    right = float(np.mean(shown.target == shown.predicted))
    told = f"{right:.1%} of these {len(shown.inputs):,} training points lie on their side of the line"
    with drawing(look.theme):
        width = look.fit(SIDE + 1.2)
        figure = page(width, width - (0.3 if look.is_narrow else 1.2), title, told)
        axes = figure.subplots()
        filled = _fill(axes, plane, linewidth=2)
        _scatter(axes, shown.inputs, shown.target, names, LARGE, MOST_POINTS)
        limits = {"xlim": (plane.xs[0], plane.xs[-1]), "ylim": (plane.ys[0], plane.ys[-1])}
        axes.set(**limits, aspect="equal", xlabel="x1", ylabel="x2")
        figure.legend(loc="outside lower center", ncols=2)
        figure.colorbar(filled, ax=axes, fraction=0.046, pad=0.03, label=f"probability of {names[1]}")
        return render(figure, look, title)


def boundaries(panels: Sequence[Panel], names: Names, title: str, look: Look) -> bytes:
    """Models side by side, on the same axes: those that all their planes need together."""
    columns = 1 if look.is_narrow else 2 if len(panels) in (2, 4) else min(len(panels), MOST_COLUMNS)
    rows = -(-len(panels) // columns)
    side = (look.fit(WIDTH) - BAR) / columns
    titles = [[*wrapped(clean(panel.title), side, TEXT_POINTS * 0.6), panel.told] for panel in panels]
    height = side + max(map(len, titles)) * LINE + LINE
    with drawing(look.theme):
        figure = page(look.fit(WIDTH), rows * height, title, "The line is where both classes are as probable")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        used, unused = list(grid.flat[: len(panels)]), grid.flat[len(panels) :]
        for axes, panel, lines in zip(used, panels, titles, strict=True):
            filled = _fill(axes, _coarse(panel.plane, max(2, columns)), linewidth=1.6)
            _scatter(axes, panel.shown.inputs, panel.shown.target, names, SMALL, MOST_POINTS // 10)
            axes.set_title("\n".join(lines), fontsize=TEXT_POINTS, pad=6)
            axes.tick_params(labelbottom=True)
        for axes in unused:
            axes.remove()
        ends = [(plane.xs[0], plane.xs[-1], plane.ys[0], plane.ys[-1]) for plane in (panel.plane for panel in panels)]
        left, right, bottom, top = zip(*ends, strict=True)
        grid[0, 0].locator_params(nbins=5)
        grid[0, 0].set(xlim=(min(left), max(right)), ylim=(min(bottom), max(top)))
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, markerscale=1.6)
        figure.colorbar(filled, ax=used, fraction=0.03, pad=0.02, label=f"probability of {names[1]}", aspect=30)
        return render(figure, look, title)


def points(
    places: NDArray[np.floating], target: NDArray[np.integer], names: Names, title: str, told: str, look: Look
) -> bytes:
    """The points alone, (n, 2), each with its class, 0 or 1."""
    wide, high = np.ptp(places, axis=0) if len(places) else (1.0, 1.0)
    width = look.fit(SIDE + 0.6)
    height = (width - 0.6) * float(np.clip(high / (wide or 1.0), 0.4, 1.6))
    with drawing(look.theme):
        figure = page(width, height + 0.9, title, told)
        axes = figure.subplots()
        light_grid(axes, "both")
        _scatter(axes, places, target, names, LARGE, MOST_POINTS)
        axes.set(aspect="equal", xlabel="x1", ylabel="x2")
        figure.legend(loc="outside lower center", ncols=2)
        return render(figure, look, title)


def _coarse(plane: Plane, parts: int) -> Plane:
    """About every second or third line of the plane, its edges among them: the panel is so much smaller."""
    kept = thin(len(plane.xs), len(plane.xs) // parts)
    return Plane(plane.xs[kept], plane.ys[kept], plane.probability[np.ix_(kept, kept)])


def _fill(axes: "Axes", plane: Plane, linewidth: float) -> Any:
    """The plane's colours, and the line between them if there is one."""
    from matplotlib.colors import LinearSegmentedColormap

    blue, vermillion = colours().classes
    shades = LinearSegmentedColormap.from_list("sides", [blue, colours().ground, vermillion])
    filled = axes.contourf(
        plane.xs, plane.ys, plane.probability, levels=LEVELS, cmap=shades, alpha=0.55, vmin=0, vmax=1
    )
    if plane.probability.min() < 0.5 < plane.probability.max():
        axes.contour(plane.xs, plane.ys, plane.probability, levels=[0.5], colors=colours().ink, linewidths=linewidth)
    axes.set_aspect("equal")
    return filled


def _scatter(axes: "Axes", places: NDArray[Any], target: NDArray[Any], names: Names, size: float, most: int) -> None:
    some = thin(len(places), most)
    places, target = places[some], target[some]
    for side, (marker, colour) in enumerate(zip(MARKERS, colours().classes, strict=True)):
        own = places[target == side]
        looks: dict[str, Any] = {
            "marker": marker,
            "color": colour,
            "edgecolors": colours().ground,
            "label": names[side],
        }
        axes.scatter(own[:, 0], own[:, 1], s=size, linewidths=0.8 if size == LARGE else 0.4, **looks)
