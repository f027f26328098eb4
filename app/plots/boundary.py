"""The plane in a classifier's colours: where it changes its mind, and the points it learnt from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Plane, Shown
from app.plots.style import BLUE, INK, VERMILLION, Form, drawing, page, render

SIDE = 5.8  # inches
LEVELS = np.linspace(0, 1, 11)
MARKERS = (("o", BLUE), ("s", VERMILLION))


def boundary(plane: Plane, shown: Shown, names: tuple[str, str], title: str, form: Form) -> bytes:
    """`shown` holds the training points, `names` are those of the two classes."""
    points: NDArray[Any] = shown.inputs
    right = float(np.mean(shown.target == shown.predicted))
    told = f"{right:.1%} of these {len(points):,} training points lie on their side of the line"
    with drawing():
        from matplotlib.colors import LinearSegmentedColormap

        colours = LinearSegmentedColormap.from_list("sides", [BLUE, "white", VERMILLION])
        figure = page(SIDE + 1.2, SIDE, title, told)
        axes = figure.subplots()
        filled = axes.contourf(
            plane.xs, plane.ys, plane.probability, levels=LEVELS, cmap=colours, alpha=0.55, vmin=0, vmax=1
        )
        if plane.probability.min() < 0.5 < plane.probability.max():
            axes.contour(plane.xs, plane.ys, plane.probability, levels=[0.5], colors=INK, linewidths=2)
        for side, (marker, colour) in enumerate(MARKERS):
            own = points[shown.target == side]
            looks: dict[str, Any] = {"marker": marker, "color": colour, "edgecolors": "white", "label": names[side]}
            axes.scatter(own[:, 0], own[:, 1], s=42, linewidths=0.8, **looks)
        limits = {"xlim": (plane.xs[0], plane.xs[-1]), "ylim": (plane.ys[0], plane.ys[-1])}
        axes.set(**limits, aspect="equal", xlabel="x1", ylabel="x2")
        figure.legend(loc="outside lower center", ncols=2)
        figure.colorbar(filled, ax=axes, fraction=0.046, pad=0.03, label=f"probability of {names[1]}")
        return render(figure, form, title)
