"""The one figure by which runs are put in order, whatever their task measures."""

from typing import Any, NamedTuple

from app.domain.recipes import HEADS


class Score(NamedTuple):
    """A run's main figure."""

    name: str  # accuracy, f1 or mae, on the test split; of a sweep's trial the same with `val_`, on held-out rows
    value: float
    guessing: float | None  # what guessing scores, where that was measured
    higher_is_better: bool

    @property
    def oriented(self) -> float:
        """The value, so that more is better."""
        return self.value if self.higher_is_better else -self.value


def score_of(head: str, metrics: dict[str, Any]) -> Score | None:
    """Of a run's recipe's head and its metrics, as a row has them; None: it has no figures yet."""
    known = next((each for name, each in HEADS.items() if name == head), None)
    if known is None:  # of another release
        return None
    for split, prefix in (("test", ""), ("validation", "val_")):
        if (value := (metrics.get(split) or {}).get(known.metric)) is not None:
            guessing = (metrics.get("baseline") or {}).get(known.metric)
            return Score(f"{prefix}{known.metric}", value, guessing, known.higher_is_better)
    return None
