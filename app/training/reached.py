"""How far a run is: its fits are one after the other, and those that are done tell how long the rest will take."""

from app.domain.runs import seed_of_fit
from app.wire.runs import Progress, Run

RECENT = 20  # epochs, whose times tell that of the next ones


class Reached:
    """Counts the epochs of an attempt."""

    def __init__(self, run: Run, folds: int, others: int) -> None:
        """`others`: fits besides the one that is published."""
        self._run = run
        self._folds = folds
        self._others = others
        self._seconds: list[float] = []  # of this attempt's epochs

    def took(self, seconds: float) -> None:
        """Another epoch has ended."""
        self._seconds.append(seconds)

    def at(self, number: int, epochs: int, epoch: int) -> Progress:
        """While training fit `number`, which has so many epochs at most, after one of them."""
        recipe = self._run.recipe
        done = recipe.epochs * ((number or self._others + 1) - 1) + epoch
        last = 0 if self._run.trial and self._folds else recipe.epochs if number else epochs
        total = recipe.epochs * self._others + last
        recent = self._seconds[1:][-RECENT:]  # the first one may compile, and tells nothing
        return Progress(
            epoch=epoch,
            epochs=epochs,
            fold=number or None if self._folds else None,
            folds=self._folds or None,
            seed=seed_of_fit(self._run.seed, number) if self._run.seeds > 1 else None,
            fraction=round(min(1.0, done / total), 4),
            eta_seconds=round((total - done) * sum(recent) / len(recent), 2) if recent else None,
            phase="training",
        )
