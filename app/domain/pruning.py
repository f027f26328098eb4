"""When a trial is hopeless: the bars that it has to reach, made of what former generations' trials reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from app.domain.spaces import Pruner, SuccessiveHalving
from app.domain.trials import Bar

LEAST_OF_MEDIAN = 3  # figures that make a bar


@dataclass(frozen=True)
class Course:
    """A trial's best figure so far, after each epoch; of k-fold, the mean of its folds so far, after each fold."""

    figures: Sequence[float]
    complete: bool  # whether it ended by itself: what it had then, it also has later

    def at(self, step: int) -> float | None:
        """After so many epochs; None: it did not come so far."""
        if step <= len(self.figures):
            return self.figures[step - 1]
        return self.figures[-1] if self.complete and self.figures else None


def bars_for(pruner: Pruner | None, former: Sequence[Course], steps: int, *, higher_is_better: bool) -> list[Bar]:
    """The bars of a trial of so many epochs, or folds; none where too few came so far to tell."""
    found = []
    for step in steps_below(pruner, steps) if pruner else ():
        figures = sorted((f for course in former if (f := course.at(step)) is not None), reverse=higher_is_better)
        if isinstance(pruner, SuccessiveHalving):
            if len(figures) >= pruner.factor:
                found.append(Bar(step, figures[len(figures) // pruner.factor - 1]))
        elif len(figures) >= LEAST_OF_MEDIAN:
            found.append(Bar(step, median(figures)))
    return found


def steps_below(pruner: Pruner, steps: int) -> list[int]:
    """After how many epochs, or folds, a trial of so many is looked at."""
    found, step = [], pruner.least or 1
    while step < steps:
        found.append(step)
        step *= pruner.factor if isinstance(pruner, SuccessiveHalving) else 2
    return found
