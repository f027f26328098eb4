"""Pictures of a dataset's figures: labels, lengths of texts, numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.domain.counting import counted
from app.plots.style import SMALL_POINTS, WIDTH, Look, clean, colours, drawing, light_grid, page, render
from app.wire.datasets import ColumnProfile, Histogram, LabelCount

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS = 40  # labels of a picture; the others are one bar
MOST_PANELS = 24  # columns of a picture
PER_ROW = 3
NAME = 36  # letters of a label, or of a column's name


def labels(counts: Sequence[LabelCount], title: str, look: Look) -> bytes:
    """A bar for each label, the most frequent first: its rows of the training and of the test split."""
    ordered = sorted(counts, key=lambda count: -(count.train + count.test))
    shown, rest = ordered[:MOST_BARS], ordered[MOST_BARS:]
    names = [clean(str(count.label), NAME) for count in shown]
    train, test = [count.train for count in shown], [count.test for count in shown]
    if rest:
        names.append(counted(len(rest), "other"))
        train.append(sum(count.train for count in rest))
        test.append(sum(count.test for count in rest))
    places = list(range(len(names)))
    with drawing(look.theme):
        told = f"{sum(train):,} training and {counted(sum(test), 'test row')}, {len(counts):,} labels"
        figure = page(look.fit(WIDTH), 1.2 + 0.3 * len(names), title, told)
        axes = figure.subplots()
        light_grid(axes, "x")
        axes.barh(places, train, color=colours().blue, label="training")
        axes.barh(places, test, left=train, color=colours().sky, label="test")
        axes.set_yticks(places, names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        _count(axes, "x")
        axes.set_xlabel("rows")
        figure.legend(loc="outside lower right", ncols=2)
        return render(figure, look, title)


def histograms(columns: Sequence[ColumnProfile], unit: str, title: str, look: Look) -> bytes:
    """A panel for each column: how its numbers, or the lengths of its texts, are spread."""
    shown = [column for column in columns if column.histogram][:MOST_PANELS]
    more = sum(1 for column in columns if column.histogram) - len(shown)
    across = min(1 if look.is_narrow else PER_ROW, len(shown))
    down = -(-len(shown) // across)
    with drawing(look.theme):
        figure = page(
            look.fit(WIDTH), 2.3 * down + 0.3, title, f"the first {len(shown)} columns; {more} more" if more else ""
        )
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for axes, column in zip(panels, shown, strict=False):
            assert column.histogram
            _histogram(axes, column.histogram)
            axes.set_title(clean(column.name, NAME), fontsize=SMALL_POINTS + 1)
            axes.set_xlabel(_told(column, unit), fontsize=SMALL_POINTS, color=colours().muted)
        for axes in panels[len(shown) :]:
            axes.set_visible(False)
        return render(figure, look, title)


def _histogram(axes: "Axes", found: Histogram) -> None:
    light_grid(axes)
    axes.stairs(found.counts, found.edges, fill=True, color=colours().blue)
    _count(axes, "y")
    axes.locator_params(axis="x", nbins=4)


def _told(column: ColumnProfile, unit: str) -> str:
    missing = f", {column.missing:,} missing" if column.missing else ""
    return (f"mean {column.mean:,.4g}{missing}" if column.mean is not None else missing.lstrip(", ")) + (
        f" ({unit})" if unit else ""
    )


def _count(axes: "Axes", axis: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    which = axes.xaxis if axis == "x" else axes.yaxis
    which.set_major_locator(MaxNLocator(nbins=5, integer=True))
    which.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
