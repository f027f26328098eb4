"""Curves of training: loss and metric by epoch, of one run or of several together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.plots.panels import Pair, draw_run, frame, handles, line, mark
from app.plots.series import Repeated, best_epoch, repeated, series
from app.plots.style import TEXT_POINTS, WIDTH, Look, clean, colours, drawing, page, render, wrapped
from app.wire.runs import Epoch

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_HEIGHT = 3.9  # inches, with one row of legend
LEGEND_ROW = 0.26  # inches
SHORT = 42  # letters; labels up to here stand in two columns
DOTTED = (0, (0.1, 1.9))  # round dots, in line widths
MARKERS = "oXs^DvP*<>"  # one for each run; dots and crosses first, as the notebooks have them
MOST_MARKERS = 40  # of a curve


def curves(epochs: Sequence[Epoch], metric: str, title: str, look: Look, first_epoch: int = 1) -> bytes:
    """One run: loss on the left, `metric` ("accuracy", "mae" or "f1") on the right.

    Dots are training, lines validation. Folds or seeds are drawn as their mean within one standard deviation;
    the fit that follows the folds is left out, and so are the epochs before `first_epoch`.
    """
    run = repeated(epochs)
    loss = series(run.epochs, "val_loss")
    best = best_epoch(loss)
    if best is not None and (best < first_epoch or len(loss) == 1):
        best = None
    with drawing(look.theme):
        figure, panels = _two_panels(look, 1, title, _left_out(first_epoch))
        for axes, name in zip(panels, ("loss", metric), strict=True):
            pair = Pair.of(run, name, first_epoch)
            frame(axes, name, [pair])
            draw_run(axes, pair)
            if best is not None:
                mark(axes, best)
        entries = handles(run.over, validated=len(loss) > 0, marked=best is not None)
        across = 2 if look.is_narrow and run.over is None else 1 if look.is_narrow else len(entries)
        figure.legend(handles=entries, loc="outside lower center", ncols=across, columnspacing=2, handlelength=1.6)
        return render(figure, look, title)


def overlay(
    runs: Sequence[tuple[str, Sequence[Epoch]]], metric: str, title: str, look: Look, first_epoch: int = 1
) -> bytes:
    """2 to 10 runs, each (label, its epochs), a colour per run: solid lines are validation, dotted ones training.

    Runs of several folds or seeds are drawn as their mean; epochs before `first_epoch` are left out.
    """
    parts = [repeated(epochs) for _, epochs in runs]
    labels, columns, rows = _legend([label for label, _ in runs], parts, look)
    explained = ", ".join(filter(None, ["solid: validation, dotted: training", _left_out(first_epoch)]))
    with drawing(look.theme):
        figure, panels = _two_panels(look, rows, title, explained)
        for axes, name in zip(panels, ("loss", metric), strict=True):
            pairs = [Pair.of(part, name, first_epoch) for part in parts]
            frame(axes, name, pairs)
            for pair, colour in zip(pairs, colours().runs, strict=False):
                line(axes, pair.training, colour, linestyle=DOTTED, linewidth=2.2)
                line(axes, pair.validation, colour, linewidth=2.0)
        figure.legend(handles=_swatches(labels), loc="outside lower center", ncols=columns, columnspacing=2.5)
        return render(figure, look, title)


def single(runs: Sequence[tuple[str, Sequence[Epoch]]], figure: str, title: str, look: Look, first_epoch: int) -> bytes:
    """2 to 10 runs, each (label, its epochs), and one figure, for example "val_loss": a colour and a marker per run.

    Runs of several folds or seeds are drawn as their mean; epochs before `first_epoch` are left out.
    """
    parts = [repeated(epochs) for _, epochs in runs]
    labels, columns, rows = _legend([label for label, _ in runs], parts, look)
    lines = [series(part.epochs, figure).since(first_epoch) for part in parts]
    with drawing(look.theme):
        drawn = page(look.fit(WIDTH * 0.8), PANEL_HEIGHT * 1.1 + (rows - 1) * LEGEND_ROW, title, _left_out(first_epoch))
        axes = drawn.subplots()
        frame(axes, figure, [Pair(part, part) for part in lines])
        if not figure.startswith("val_"):
            axes.set_title(f"training {axes.get_title()}", fontweight="bold", pad=22)
        for part, label, colour, marker in zip(lines, labels, colours().runs, MARKERS, strict=False):
            thinned = part.thinned(MOST_MARKERS)
            line(axes, part, colour, linewidth=1.2, alpha=0.6)
            looks: dict[str, Any] = {"marker": marker, "color": colour, "markeredgecolor": colours().ground}
            looks |= {"linestyle": "none", "markersize": 8, "markeredgewidth": 0.6, "label": label}
            axes.plot(thinned.epochs, thinned.mean, **looks)
        drawn.legend(loc="outside lower center", ncols=columns, columnspacing=2.5)
        return render(drawn, look, title)


def _two_panels(look: Look, rows: int, title: str, subtitle: str) -> "tuple[Figure, Sequence[Axes]]":
    """A figure with two panels, beside or below each other, and room for so many rows of legend."""
    down, across = (2, 1) if look.is_narrow else (1, 2)
    figure = page(look.fit(WIDTH), down * PANEL_HEIGHT + (rows - 1) * LEGEND_ROW, title, subtitle)
    return figure, figure.subplots(down, across)


def _legend(names: Sequence[str], parts: Sequence[Repeated], look: Look) -> tuple[list[str], int, int]:
    """The labels of runs, and how many columns and rows they take."""
    labels = [_label(name, part) for name, part in zip(names, parts, strict=True)]
    if look.is_narrow:
        labels = ["\n".join(wrapped(label, look.fit(WIDTH), TEXT_POINTS * 0.68)) for label in labels]
        return labels, 1, sum(label.count("\n") + 1 for label in labels)
    columns = 2 if max(map(len, labels)) <= SHORT else 1
    return labels, columns, -(-len(labels) // columns)


def _label(label: str, run: Repeated) -> str:
    """The label, and what the curve is the mean of."""
    return clean(label, 64) + (f" (mean of {run.over})" if run.over else "")


def _left_out(first_epoch: int) -> str:
    """A remark for the subtitle; empty if the picture begins at the beginning."""
    return f"from epoch {first_epoch:,} on" if first_epoch > 1 else ""


def _swatches(labels: Sequence[str]) -> list["Artist"]:
    """One entry of the legend per run: a short thick line, whether or not the run has a validation curve."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=c, linewidth=4, label=text) for text, c in zip(labels, colours().runs, strict=False)]
