"""One panel of curves: its axes, the lines and dots in it, the best epoch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.plots.series import Repeated, Series, series, spans_magnitudes
from app.plots.style import SMALL_POINTS, colours, light_grid

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

MOST_DOTS, MOST_LINE_POINTS = 120, 500  # per curve: a panel is about 370 pixels wide
FEW = 40  # epochs; a curve of more is drawn with smaller dots

DOT: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgewidth": 0}
FAINT = 0.16  # opacity of a band

METRIC_NAMES = {"loss": "loss", "accuracy": "accuracy", "mae": "mean absolute error", "f1": "F1 score"}
UNBOUNDED = {"loss", "mae"}  # figures that may span orders of magnitude


@dataclass(frozen=True)
class Pair:
    """One figure of one run as it is drawn: over the training rows, and over the validation rows (maybe empty)."""

    training: Series
    validation: Series

    @classmethod
    def of(cls, run: Repeated, name: str, first_epoch: int) -> "Pair":
        """The figure `name`, and `val_` + `name`, from `first_epoch` on."""
        return cls(*(series(run.epochs, key).since(first_epoch) for key in (name, f"val_{name}")))

    def __iter__(self) -> Iterator[Series]:
        """Training, then validation."""
        return iter((self.training, self.validation))


def frame(axes: "Axes", name: str, pairs: list[Pair]) -> None:
    """Heading, grid and both scales of a panel for the figure `name`."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    drawn = [part for pair in pairs for part in pair if len(part)]
    # Runs are compared by their validation: next to a training loss that goes to zero it would be a flat line.
    compared = [pair.validation for pair in pairs if len(pair.validation)] if len(pairs) > 1 else []
    plain = name.removeprefix("val_")
    logarithmic = plain in UNBOUNDED and spans_magnitudes(compared or drawn)
    heading = ("validation " if name != plain else "") + METRIC_NAMES.get(plain, plain)
    heading += " (logarithmic scale)" if logarithmic else ""
    axes.set_title(heading, fontweight="bold", pad=22)
    axes.set_xlabel("epoch")
    light_grid(axes)
    if not drawn:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", va="center", color=colours().muted)
        axes.set(xticks=[], yticks=[])
        return
    first, last = min(int(d.epochs[0]) for d in drawn), max(int(d.epochs[-1]) for d in drawn)
    room = max(0.5, 0.03 * (last - first))
    axes.set_xlim(first - room, last + room)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.10g}"))
        axes.yaxis.minorticks_off()


def draw_run(axes: "Axes", pair: Pair) -> None:
    """Dots for training, a line for validation, and around each a band of one standard deviation if there is any."""
    for part, colour in zip(pair, colours().classes, strict=True):
        _band(axes, part.thinned(MOST_LINE_POINTS), colour)
    dots = pair.training.thinned(MOST_DOTS)
    training, validation = colours().classes
    axes.plot(dots.epochs, dots.mean, color=training, markersize=6 if len(dots) <= FEW else 4, **DOT)
    line(axes, pair.validation, validation, linewidth=2.2)


def line(axes: "Axes", part: Series, colour: str, **looks: Any) -> None:
    """A curve; a single epoch, which has no length, is a diamond."""
    if len(part) == 1:
        looks = {"marker": "D", "markersize": 8}
    thinned = part.thinned(MOST_LINE_POINTS)
    axes.plot(thinned.epochs, thinned.mean, color=colour, **looks)


def _band(axes: "Axes", part: Series, colour: str) -> None:
    if not part.spread.any():
        return
    low = part.mean - part.spread
    if axes.get_yscale() == "log":  # where the band reaches zero it is cut a little below the curve
        low = np.maximum(low, 0.5 * part.mean.min())
    axes.fill_between(part.epochs, low, part.mean + part.spread, color=colour, alpha=FAINT, linewidth=0)


def mark(axes: "Axes", epoch: int) -> None:
    """A fine vertical line with the epoch's number above the panel, where no curve runs."""
    axes.axvline(epoch, color=colours().muted, linewidth=1, linestyle=(0, (4, 3)), zorder=0.5)
    axes.annotate(
        f"epoch {epoch:,}",
        (epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=SMALL_POINTS,
        color=colours().muted,
    )


def handles(over: str | None, *, validated: bool, marked: bool) -> "list[Artist]":
    """What the legend of one run explains: dots, line, band and the marked epoch, as far as they are there."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    training, validation = colours().classes
    entries: list[Artist] = [Line2D([], [], color=training, markersize=6, label="training", **DOT)]
    if validated:
        entries.append(Line2D([], [], color=validation, linewidth=2.2, label="validation"))
    if over is not None:
        entries.append(
            Patch(color=colours().muted, alpha=2 * FAINT, linewidth=0, label=f"mean of {over} ± standard deviation")
        )
    if marked:
        entries.append(
            Line2D([], [], color=colours().muted, linewidth=1, linestyle=(0, (4, 3)), label="lowest validation loss")
        )
    return entries
