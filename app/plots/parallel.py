"""Parallel coordinates of a sweep: each trial a line through what it had of every field, to its figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.plots.scales import NOT_SET, Scale, scale_of, ticks
from app.plots.style import SMALL_POINTS, WIDTH, Look, clean, colours, drawing, page, render
from app.plots.trials import Figures, figures, told
from app.wire.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 5.0  # inches
PER_AXIS = 1.25  # inches that an axis has at least
LEADING = 5  # trials, or a twentieth of them, whose lines are thicker
NAME = 18  # letters of a line of an axis' name
ROOM = 0.08  # of an axis' length, above and below it
PER_LANE = 0.98  # inches that an axis has where axes lie below each other
LANE_NAME = 40  # letters of its name
LETTER = 0.026  # of a lane's length, that a letter of a mark takes


def parallel(sweep: Sweep, title: str, look: Look) -> bytes:
    """An axis for each field in the order of the space, then one for the figure; the better, the stronger.

    A trial that has no value of a field passes below its axis. Where there is little width axes lie below each other,
    and such a trial passes at their left.
    """
    known = figures(sweep)
    rows = [row.parameters for row in known.rows]
    with drawing(look.theme):
        scales = [scale_of(path, axis, rows, known.number) for path, axis in sweep.plan.space.items()]
        scales.append(_of_figure(known))
        missing = any(np.isnan(scale.places).any() for scale in scales)
        least = NOT_SET if missing else 0.0
        places = np.stack([scale.places for scale in scales], axis=1)
        where = "left of" if look.is_narrow else "below"
        said = told(sweep, [_best(known), f"{where} an axis: has no such field" if missing else ""])
        if look.is_narrow:
            figure = page(look.fit(WIDTH), PER_LANE * len(scales), title, said)
            _lanes(figure.subplots(), known, places, scales, least)
        else:
            figure = page(max(WIDTH, PER_AXIS * len(scales)), HEIGHT, title, said)
            _columns(figure.subplots(), known, places, scales, least)
        return render(figure, look, title)


def _columns(axes: "Axes", known: Figures, places: NDArray[np.float64], scales: Sequence[Scale], least: float) -> None:
    """The axes beside each other."""
    axes.set(xlim=(-0.35, len(scales) - 1 + 0.55), ylim=(least - ROOM, 1 + ROOM))
    _lines(axes, known, places)
    for place, scale in enumerate(scales):
        _axis(axes, place, scale)
    _names(axes, [scale.name for scale in scales])


def _lanes(axes: "Axes", known: Figures, places: NDArray[np.float64], scales: Sequence[Scale], least: float) -> None:
    """The axes below each other, the figure's last."""
    axes.set(xlim=(least - ROOM / 2, 1 + ROOM / 2), ylim=(len(scales) - 1 + 0.6, -0.4))
    axes.axis("off")
    _lines(axes, known, places, down=True)
    for place, scale in enumerate(scales):
        _lane(axes, place, scale)


def _best(known: Figures) -> str:
    top = known.best()
    return f"red: the best, trial {known.number[top]} with {known.value[top]:.4g}" if top is not None else ""


def _of_figure(known: Figures) -> Scale:
    """The axis of the figure; what is far worse than the others stands at its end."""
    low, high = known.scale()
    return Scale(known.metric, np.clip((known.value - low) / (high - low), 0, 1), ticks(low, high))


def _lines(axes: "Axes", known: Figures, places: NDArray[np.float64], *, down: bool = False) -> None:
    """`places` is (trials, axes), 0 to 1, NaN where a trial has no value. `down`: from one lane to the next."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    top = known.best()
    goodness = places[:, -1] if known.higher else 1 - places[:, -1]
    order = np.argsort(np.where(known.pruned, -1.0, 0.0) + goodness, kind="stable")
    order = np.array([each for each in order if each != top], dtype=np.int64)
    across = np.arange(places.shape[1])
    along = [np.where(np.isnan(row), NOT_SET, row) for row in places]
    lines = [np.column_stack([row, across] if down else [across, row]) for row in along]
    if len(order):
        shades = LinearSegmentedColormap.from_list("goodness", colours().goodness)
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
        axes.plot(*lines[top].T, color=colours().vermillion, linewidth=2.6, marker="o", markersize=4.5, zorder=4)


def _axis(axes: "Axes", place: int, scale: Scale) -> None:
    """A line with what stands where."""
    axes.plot([place, place], [0, 1], color=colours().muted, linewidth=1.1, zorder=3)
    for height, text in _marks(scale):
        axes.plot([place], [height], marker="_", color=colours().muted, markersize=7, zorder=3)
        looks: dict[str, Any] = {"fontsize": SMALL_POINTS - 1, "bbox": _behind(), "zorder": 5}
        axes.annotate(text, (place, height), (5, 0), textcoords="offset points", va="center", **looks)


def _lane(axes: "Axes", place: int, scale: Scale) -> None:
    """The same lying, its name above it; marks that would touch stand in two rows."""
    axes.plot([0, 1], [place, place], color=colours().muted, linewidth=1.1, zorder=3)
    name: dict[str, Any] = {"fontsize": SMALL_POINTS, "fontweight": "bold", "bbox": _behind(), "zorder": 5}
    axes.annotate(clean(scale.name, LANE_NAME), (0, place), (0, 9), textcoords="offset points", **name)
    ends = [float("-inf"), float("-inf")]  # of what stands in each row
    for at, text in sorted(_marks(scale)):
        width = LETTER * len(text)
        begin = min(max(at - width / 2, NOT_SET), 1 - width)
        row = next((row for row, end in enumerate(ends) if begin > end), None)
        axes.plot([at], [place], marker="|", color=colours().muted, markersize=7, zorder=3)
        if row is None:
            continue
        ends[row] = begin + width + LETTER
        looks: dict[str, Any] = {"fontsize": SMALL_POINTS - 1, "bbox": _behind(), "zorder": 5}
        axes.annotate(text, (begin + width / 2, place), (0, -6 - 12 * row), textcoords="offset points",
                      ha="center", va="top", **looks)  # fmt: skip


def _marks(scale: Scale) -> list[tuple[float, str]]:
    return [*scale.marks, (NOT_SET, "–")] if np.isnan(scale.places).any() else scale.marks


def _behind() -> dict[str, Any]:
    """What keeps lines out of a text."""
    return {"facecolor": colours().ground, "alpha": 0.78, "linewidth": 0, "pad": 0.8}


def _names(axes: "Axes", names: Sequence[str]) -> None:
    """Below the axes, broken at their dots."""
    axes.set_xticks(range(len(names)), [_broken(name) for name in names], fontsize=SMALL_POINTS)
    axes.set_yticks([])
    axes.tick_params(length=0, pad=6)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.axhline(axes.get_ylim()[0], color=colours().pale, linewidth=0.8)


def _broken(name: str) -> str:
    """At dots, spaces and, of long parts, underscores."""
    lines: list[str] = []
    for part in name.replace(".", ".\n").replace(" ", "\n").split("\n"):
        if lines and len(lines[-1]) + len(part) < NAME - 5 and "." in lines[-1]:
            lines[-1] += part
        else:
            lines.append(clean(part, NAME))
    return "\n".join(lines)
