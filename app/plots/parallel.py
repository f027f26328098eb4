"""Parallel coordinates of a sweep: each trial a line through what it had of every field, to its figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.plots.scales import NOT_SET, Scale, scale_of, ticks
from app.plots.style import (
    BLUE,
    INK,
    MUTED,
    PALE,
    SKY,
    SMALL_POINTS,
    VERMILLION,
    WIDTH,
    Form,
    clean,
    drawing,
    page,
    render,
)  # fmt: skip
from app.plots.trials import Figures, figures, told
from app.wire.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 5.0  # inches
PER_AXIS = 1.25  # inches that an axis has at least
LEADING = 5  # trials, or a twentieth of them, whose lines are thicker
NAME = 18  # letters of a line of an axis' name
ROOM = 0.08  # of an axis' length, above and below it


def parallel(sweep: Sweep, title: str, form: Form) -> bytes:
    """An axis for each field in the order of the space, then one for the figure; the better, the darker and the later.

    A trial that has no value of a field passes below its axis.
    """
    known = figures(sweep)
    rows = [row.parameters for row in known.rows]
    with drawing():
        scales = [scale_of(path, axis, rows, known.number) for path, axis in sweep.plan.space.items()]
        scales.append(_of_figure(known))
        missing = any(np.isnan(scale.places).any() for scale in scales)
        below = "below an axis: has no such field" if missing else ""
        figure = page(max(WIDTH, PER_AXIS * len(scales)), HEIGHT, title, told(sweep, [_best(known), below]))
        axes = figure.subplots()
        axes.set(xlim=(-0.35, len(scales) - 1 + 0.55), ylim=((NOT_SET if missing else 0) - ROOM, 1 + ROOM))
        _lines(axes, known, np.stack([scale.places for scale in scales], axis=1))
        for place, scale in enumerate(scales):
            _axis(axes, place, scale)
        _names(axes, [scale.name for scale in scales])
        return render(figure, form, title)


def _best(known: Figures) -> str:
    top = known.best()
    return f"red: the best, trial {known.number[top]} with {known.value[top]:.4g}" if top is not None else ""


def _of_figure(known: Figures) -> Scale:
    """The axis of the figure; what is far worse than the others stands at its end."""
    low, high = known.scale()
    return Scale(known.metric, np.clip((known.value - low) / (high - low), 0, 1), ticks(low, high))


def _lines(axes: "Axes", known: Figures, places: NDArray[np.float64]) -> None:
    """`places` is (trials, axes), 0 to 1, NaN where a trial has no value."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    top = known.best()
    goodness = places[:, -1] if known.higher else 1 - places[:, -1]
    order = np.argsort(np.where(known.pruned, -1.0, 0.0) + goodness, kind="stable")
    order = np.array([each for each in order if each != top], dtype=np.int64)
    across = np.arange(places.shape[1])
    lines = [np.column_stack([across, np.where(np.isnan(row), NOT_SET, row)]) for row in places]
    if len(order):
        shades = LinearSegmentedColormap.from_list("goodness", ["#D9DEE3", SKY, BLUE, "#00304D"])
        leading = np.arange(len(order)) >= len(order) - max(LEADING, len(order) // 20)
        faint = float(np.clip(16 / len(order), 0.06, 0.8))  # so many lines over each other are opaque
        drawn = LineCollection(
            [lines[each] for each in order],
            colors=shades(goodness[order] ** 2),
            linewidths=np.where(leading, 1.7, 1.0),
            alpha=np.where(leading, 0.9, np.where(known.pruned[order], faint * 0.6, faint)),
        )
        axes.add_collection(drawn, autolim=False)
    if top is not None:
        axes.plot(across, lines[top][:, 1], color=VERMILLION, linewidth=2.6, marker="o", markersize=4.5, zorder=4)


def _axis(axes: "Axes", place: int, scale: Scale) -> None:
    """A line with what stands where."""
    axes.plot([place, place], [0, 1], color=MUTED, linewidth=1.1, zorder=3)
    behind = {"facecolor": "white", "alpha": 0.78, "linewidth": 0, "pad": 0.8}
    marks = [*scale.marks, (NOT_SET, "–")] if np.isnan(scale.places).any() else scale.marks
    for height, text in marks:
        axes.plot([place], [height], marker="_", color=MUTED, markersize=7, zorder=3)
        looks: dict[str, Any] = {"fontsize": SMALL_POINTS - 1, "color": INK, "bbox": behind, "zorder": 5}
        axes.annotate(text, (place, height), (5, 0), textcoords="offset points", va="center", **looks)


def _names(axes: "Axes", names: Sequence[str]) -> None:
    """Below the axes, broken at their dots."""
    axes.set_xticks(range(len(names)), [_broken(name) for name in names], fontsize=SMALL_POINTS)
    axes.set_yticks([])
    axes.tick_params(length=0, pad=6)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.axhline(axes.get_ylim()[0], color=PALE, linewidth=0.8)


def _broken(name: str) -> str:
    """At dots, spaces and, of long parts, underscores."""
    lines: list[str] = []
    for part in name.replace(".", ".\n").replace(" ", "\n").split("\n"):
        if lines and len(lines[-1]) + len(part) < NAME - 5 and "." in lines[-1]:
            lines[-1] += part
        else:
            lines.append(clean(part, NAME))
    return "\n".join(lines)
