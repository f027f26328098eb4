"""Predicted against true values: a good regression keeps to the diagonal."""

import numpy as np
from numpy.typing import NDArray

from app.domain.counting import counted
from app.plots.style import Look, colours, drawing, light_grid, page, render

SIDE = 6.2  # inches
MOST_POINTS = 2_000  # drawn, evenly chosen from more
MARGIN = 0.04  # share of the range left free at both ends


def predicted_against_true(
    target: NDArray[np.floating], predicted: NDArray[np.floating], unit: str, title: str, look: Look
) -> bytes:
    """A point for each row; `target` and `predicted` are (rows,), in `unit`."""
    x, y = target.astype(np.float64), predicted.astype(np.float64)
    low, high = limits(x, y)
    step = max(1, -(-len(x) // MOST_POINTS))
    width = look.fit(SIDE + 0.6)
    with drawing(look.theme):
        figure = page(width, width - 0.6, title, f"{summary(x, y)}; dashed: predicted = true")
        axes = figure.subplots()
        light_grid(axes, "both")
        axes.plot([low, high], [low, high], color=colours().muted, linewidth=1.2, linestyle=(0, (5, 3)))
        axes.scatter(x[::step], y[::step], s=30, color=colours().blue, alpha=0.55, linewidths=0)
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        axes.set_xlabel(f"true ({unit})" if unit else "true")
        axes.set_ylabel(f"predicted ({unit})" if unit else "predicted")
        return render(figure, look, title)


def summary(target: NDArray[np.float64], predicted: NDArray[np.float64]) -> str:
    """Mean and median absolute error, and the share of the variance that is explained."""
    errors = np.abs(predicted - target)
    spread = float(np.sum((target - target.mean()) ** 2))
    explained = f", R² {1 - float(np.sum(errors**2)) / spread:.3f}" if spread else ""
    rows = counted(len(target), "test row")
    return f"mean absolute error {errors.mean():.3g}, median {np.median(errors):.3g}{explained}; {rows}"


def limits(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """One range for both axes, so that the diagonal is one."""
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    room = MARGIN * (high - low) or 1.0
    return low - room, high + room
