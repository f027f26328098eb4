"""What several fits come to together."""

from typing import Literal

import numpy as np

from app.domain.runs import Figures, FitMetrics, Spread, SpreadOver


def validation_of(folds: list[FitMetrics]) -> Figures:
    """Held-out figures of k-fold: mean and deviation over the folds."""
    figures: Figures = {}
    for name, spread in _over([fold.validation for fold in folds]).items():
        figures |= {name: spread.mean, f"{name}_std": spread.std}
    return figures


def spread_of(over: Literal["folds", "seeds"], fits: list[FitMetrics]) -> SpreadOver:
    """Mean and deviation of all figures over folds or seeds."""
    parts = {name: _over([getattr(fit, name) for fit in fits]) for name in ("train", "validation", "test")}
    return SpreadOver(over=over, count=len(fits), **parts)


def _over(figures: list[Figures]) -> dict[str, Spread]:
    found = {}
    for name in figures[0]:
        values = [each[name] for each in figures]
        found[name] = Spread(mean=float(np.mean(values)), std=float(np.std(values)), min=min(values), max=max(values))
    return found
