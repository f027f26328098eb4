"""Whether a trial may still become the best: it stops where it misses the bar that those before it have set."""

from collections.abc import Mapping, Sequence

from app.domain.runs import Figures, FitMetrics, Metrics
from app.domain.trials import Trial
from app.errors import Hopeless


class Hopes:
    """Of one run; of any but a trial there is always hope."""

    def __init__(self, trial: Trial | None) -> None:
        self._bars = {bar.step: bar.value for bar in trial.bars} if trial else {}
        self._metric = trial.metric if trial else "val_loss"
        self._sign = -1.0 if self._metric in ("val_loss", "val_mae") else 1.0
        self._best: float | None = None  # so far
        self.found = Metrics()  # what it had when it was looked at last

    def remember(self, epochs: Sequence[Mapping[str, float]]) -> None:
        """What an attempt before this one has reached."""
        for metrics in epochs:
            self._see(metrics.get(self._metric))

    def after_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """
        Raises:
            Hopeless: the best epoch so far is below the bar here.
        """
        self._see(metrics.get(self._metric))
        train = {name: value for name, value in metrics.items() if not name.startswith("val_")}
        held_out = {name.removeprefix("val_"): value for name, value in metrics.items() if name.startswith("val_")}
        self._look(epoch, "epoch", Metrics(train=train, validation=held_out))

    def after_folds(self, fits: list[FitMetrics], validation: Figures) -> None:
        """`validation`: the means over the folds so far, which are `fits`.

        Raises:
            Hopeless: they are below the bar here.
        """
        self._best = validation.get(self._metric.removeprefix("val_"))
        self._look(len(fits), "fold", Metrics(validation=validation, fits=fits))

    def _see(self, value: float | None) -> None:
        if value is not None and (self._best is None or self._sign * value > self._sign * self._best):
            self._best = value

    def _look(self, step: int, of: str, metrics: Metrics) -> None:
        self.found = metrics
        bar = self._bars.get(step)
        if bar is None or self._best is None or self._sign * self._best >= self._sign * bar:
            return
        reason = f"stopped after {of} {step}: {self._metric} {self._best:.4g}, where {bar:.4g} was needed"
        raise Hopeless(reason)
