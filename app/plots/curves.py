"""Curves of training: loss and metric by epoch, of one run or of several together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.plots.panels import Pair, draw_run, frame, handles, line, mark
from app.plots.series import Repeated, best_epoch, repeated, series
from app.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    WIDTH,
    Form,
    clean,
    drawing,
    page,
    render,
)
from app.wire.runs import Epoch

if TYPE_CHECKING:
    from matplotlib.artist import Artist

PANEL_HEIGHT = 3.9  # inches, with one row of legend
LEGEND_ROW = 0.26  # inches
SHORT = 42  # letters; labels up to here stand in two columns
DOTTED = (0, (0.1, 1.9))  # round dots, in line widths
MARKERS = "oXs^DvP*<>"  # one for each run; dots and crosses first, as the notebooks have them
MOST_MARKERS = 40  # of a curve

# Okabe and Ito's, then three darker ones that stay apart from them.
RUN_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, "#882255", "#8C8C8C", "#332288")


def curves(epochs: Sequence[Epoch], metric: str, title: str, form: Form, first_epoch: int = 1) -> bytes:
    """One run: loss on the left, `metric` ("accuracy", "mae" or "f1") on the right.

    Dots are training, lines validation. Folds or seeds are drawn as their mean within one standard deviation;
    the fit that follows the folds is left out, and so are the epochs before `first_epoch`.
    """
    run = repeated(epochs)
    loss = series(run.epochs, "val_loss")
    best = best_epoch(loss)
    if best is not None and (best < first_epoch or len(loss) == 1):
        best = None
    with drawing():
        figure = page(WIDTH, PANEL_HEIGHT, title, _left_out(first_epoch))
        for axes, name in zip(figure.subplots(1, 2), ("loss", metric), strict=True):
            pair = Pair.of(run, name, first_epoch)
            frame(axes, name, [pair])
            draw_run(axes, pair)
            if best is not None:
                mark(axes, best)
        entries = handles(run.over, validated=len(loss) > 0, marked=best is not None)
        figure.legend(
            handles=entries, loc="outside lower center", ncols=len(entries), columnspacing=2, handlelength=1.6
        )
        return render(figure, form, title)


def overlay(
    runs: Sequence[tuple[str, Sequence[Epoch]]], metric: str, title: str, form: Form, first_epoch: int = 1
) -> bytes:
    """2 to 10 runs, each (label, its epochs), a colour per run: solid lines are validation, dotted ones training.

    Runs of several folds or seeds are drawn as their mean; epochs before `first_epoch` are left out.
    """
    parts = [repeated(epochs) for _, epochs in runs]
    labels = [_label(label, part) for (label, _), part in zip(runs, parts, strict=True)]
    columns = 2 if max(map(len, labels)) <= SHORT else 1
    rows = -(-len(runs) // columns)
    explained = ", ".join(filter(None, ["solid: validation, dotted: training", _left_out(first_epoch)]))
    with drawing():
        figure = page(WIDTH, PANEL_HEIGHT + (rows - 1) * LEGEND_ROW, title, explained)
        for axes, name in zip(figure.subplots(1, 2), ("loss", metric), strict=True):
            pairs = [Pair.of(part, name, first_epoch) for part in parts]
            frame(axes, name, pairs)
            for pair, colour in zip(pairs, RUN_COLOURS, strict=False):
                line(axes, pair.training, colour, linestyle=DOTTED, linewidth=2.2)
                line(axes, pair.validation, colour, linewidth=2.0)
        figure.legend(handles=_swatches(labels), loc="outside lower center", ncols=columns, columnspacing=2.5)
        return render(figure, form, title)


def single(runs: Sequence[tuple[str, Sequence[Epoch]]], figure: str, title: str, form: Form, first_epoch: int) -> bytes:
    """2 to 10 runs, each (label, its epochs), and one figure, for example "val_loss": a colour and a marker per run.

    Runs of several folds or seeds are drawn as their mean; epochs before `first_epoch` are left out.
    """
    parts = [repeated(epochs) for _, epochs in runs]
    labels = [_label(label, part) for (label, _), part in zip(runs, parts, strict=True)]
    lines = [series(part.epochs, figure).since(first_epoch) for part in parts]
    columns = 2 if max(map(len, labels)) <= SHORT else 1
    rows = -(-len(runs) // columns)
    with drawing():
        drawn = page(WIDTH * 0.8, PANEL_HEIGHT * 1.1 + (rows - 1) * LEGEND_ROW, title, _left_out(first_epoch))
        axes = drawn.subplots()
        frame(axes, figure, [Pair(part, part) for part in lines])
        if not figure.startswith("val_"):
            axes.set_title(f"training {axes.get_title()}", fontweight="bold", pad=22)
        for part, label, colour, marker in zip(lines, labels, RUN_COLOURS, MARKERS, strict=False):
            thinned = part.thinned(MOST_MARKERS)
            line(axes, part, colour, linewidth=1.2, alpha=0.6)
            looks: dict[str, Any] = {"marker": marker, "color": colour, "markeredgecolor": "white", "label": label}
            axes.plot(thinned.epochs, thinned.mean, linestyle="none", markersize=8, markeredgewidth=0.6, **looks)
        drawn.legend(loc="outside lower center", ncols=columns, columnspacing=2.5)
        return render(drawn, form, title)


def _label(label: str, run: Repeated) -> str:
    """The label, and what the curve is the mean of."""
    return clean(label, 64) + (f" (mean of {run.over})" if run.over else "")


def _left_out(first_epoch: int) -> str:
    """A remark for the subtitle; empty if the picture begins at the beginning."""
    return f"from epoch {first_epoch:,} on" if first_epoch > 1 else ""


def _swatches(labels: Sequence[str]) -> list["Artist"]:
    """One entry of the legend per run: a short thick line, whether or not the run has a validation curve."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=c, linewidth=4, label=text) for text, c in zip(labels, RUN_COLOURS, strict=False)]
