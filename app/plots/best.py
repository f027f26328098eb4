"""The best figure so far over the trials of a sweep: whether searching on would pay."""

from typing import TYPE_CHECKING, Any

import numpy as np

from app.plots.style import WIDTH, Look, colours, drawing, light_grid, page, render
from app.plots.trials import MARGIN, Figures, figures, told
from app.wire.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 4.3  # inches
MANY = 150  # trials, from where dots are smaller


def best(sweep: Sweep, title: str, look: Look) -> bytes:
    """A dot for each trial that has a figure, hollow where it was stopped early; the line is the best so far.

    What is far worse than the others stands as an arrow at the edge.
    """
    known = figures(sweep)
    top = known.best()
    said = f"best {known.metric} {known.value[top]:.4g}, of trial {known.number[top]}" if top is not None else ""
    with drawing(look.theme):
        from matplotlib.ticker import MaxNLocator

        figure = page(look.fit(WIDTH), HEIGHT, title, told(sweep, [said]))
        axes = figure.subplots()
        light_grid(axes)
        low, high = _limits(axes, known)
        _dots(axes, known, low, high)
        _line(axes, known)
        axes.set(xlabel="trial", ylabel=known.metric)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        figure.legend(loc="outside lower center", ncols=2 if look.is_narrow else 4, columnspacing=2, handlelength=1.6)
        return render(figure, look, title)


def _limits(axes: "Axes", known: Figures) -> tuple[float, float]:
    """Sets both scales; what figures are shown in full."""
    low, high = known.scale()
    room = MARGIN * (high - low)
    last = float(known.number.max())
    axes.set(ylim=(low - room, high + room), xlim=(-0.6 - 0.01 * last, last + 0.6 + 0.01 * last))
    return low, high


def _dots(axes: "Axes", known: Figures, low: float, high: float) -> None:
    size = 42.0 if len(known) < MANY else 16.0
    inside = (known.value >= low) & (known.value <= high)
    looks: dict[str, Any] = {"s": size, "linewidths": 1.2, "zorder": 3}
    ended = ~known.pruned & inside
    if ended.any():
        filled: dict[str, Any] = {
            "color": colours().blue,
            "edgecolors": colours().ground,
            "label": "ran to its end",
            **looks,
            "linewidths": 0.6,
        }
        axes.scatter(known.number[ended], known.value[ended], **filled)
    pruned = known.pruned & inside
    if pruned.any():
        hollow: dict[str, Any] = {
            "facecolors": colours().ground,
            "edgecolors": colours().muted,
            "label": "stopped early",
            **looks,
        }
        axes.scatter(known.number[pruned], known.value[pruned], **hollow)
    outside = ~inside
    if outside.any():
        edge = np.where(known.value[outside] < low, low, high)
        arrow: dict[str, Any] = {
            "marker": "v" if known.higher else "^",
            "color": colours().muted,
            "label": "far worse",
            "zorder": 3,
        }
        axes.scatter(known.number[outside], edge, s=size * 0.7, linewidths=0, **arrow)


def _line(axes: "Axes", known: Figures) -> None:
    """Steps from best to best, on to the last trial, and a ring around the last best one."""
    number, value = known.so_far()
    if not len(number):
        return
    x, y = [*number, known.number.max()], [*value, value[-1]]
    looks: dict[str, Any] = {"color": colours().vermillion, "linewidth": 2, "label": "best so far", "zorder": 2}
    axes.plot(x, y, drawstyle="steps-post", **looks)
    axes.scatter(
        [number[-1]], [value[-1]], s=130, facecolors="none", edgecolors=colours().ink, linewidths=1.4, zorder=4
    )
