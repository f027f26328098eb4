"""Whether a new model becomes active, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.recipes import HEADS
from app.domain.runs import Activate
from app.errors import ArtifactInvalid, Unusable
from app.wire.manifests import Manifest

# Model id -> its figure on the new model's test split; None: it has another figure. ArtifactInvalid: it cannot answer;
# Unusable: that cannot be told here before somebody has mended something.
Score = Callable[[str], float | None]

MOST_SAME = 5  # models of the same dataset that are asked, the best first, until one can answer
MOST_OTHER = 3  # models of other datasets that are measured on these rows, each the best of its own


@dataclass(frozen=True)
class Verdict:
    """Whether a new model becomes active, and why."""

    activate: bool
    reason: str


def judge(manifest: Manifest, activate: Activate, active: Any, others: Sequence[Any], score: Score) -> Verdict:
    """`active`: the row of the task's active model, or None; `others`: those of its other models.

    `if_better` compares with the best of them all, on the same test split and by the same figure. A model of the
    sample neither replaces one of real data nor stands in its way.
    """
    if activate == "always":
        return Verdict(True, "always was asked for" + _about_a_toy(manifest, active))
    if activate == "never":
        return Verdict(False, "never was asked for")
    if active is None:
        return Verdict(True, "the task had no active model")
    if manifest.dataset.is_sample and not active.dataset_is_sample:
        return Verdict(
            False, "the active model is of real data; one of the sample replaces it only if asked with always"
        )
    try:
        return _Comparison(manifest, score).verdict(active, others)
    except Unusable as error:  # a worker's object store or disk; the API may well have the active model
        reason = f"it cannot be compared with others of its task, which this worker cannot load: {error.message}"
        return Verdict(False, f"{reason}; activate it by hand")


class _Comparison:
    """A new model beside its task's others."""

    def __init__(self, manifest: Manifest, score: Score) -> None:
        self._manifest = manifest
        self._score = score
        self._head = HEADS[manifest.recipe.head]
        self._figure = manifest.metrics.test[self._head.metric]

    def verdict(self, active: Any, others: Sequence[Any]) -> Verdict:
        """Against the active one first: it decides alone if it cannot be compared, and never if it should not stay."""
        figure, goes = self._active(active)
        if figure is None and not goes:
            reason = f"{_name(active)} has another head, so their figures cannot be compared: choose by hand"
            return Verdict(False, reason)
        found = [] if figure is None else [(figure, active)]
        found += self._best([row for row in others if self._counts(row)])
        if not found:
            return Verdict(True, goes)
        value, rival = max(found, key=lambda pair: self._rank(pair[0]))
        better = self._rank(self._figure) > self._rank(value)
        where = f"test {self._head.metric} on {self._manifest.dataset.name} is {self._figure:.4f}"
        compared = f"{where}, {'better' if better else 'not better'} than {value:.4f} of {_name(rival)}"
        if goes:
            return Verdict(True, f"{goes}; {compared}" + ("" if better else ", which can be activated by hand"))
        return Verdict(better, compared)

    def _active(self, active: Any) -> tuple[float | None, str]:
        """The active model's figure, if it has one, and why it should not stay, if so."""
        if active.dataset_is_sample and not self._manifest.dataset.is_sample:
            return None, f"{_name(active)} was active, and is of the sample"
        try:
            return self._score(active.id), ""
        except ArtifactInvalid as error:
            return None, f"{_name(active)} was active, and cannot be loaded: {error.message}"

    def _counts(self, row: Any) -> bool:
        return self._manifest.dataset.is_sample or not row.dataset_is_sample

    def _best(self, rows: Sequence[Any]) -> list[tuple[float, Any]]:
        """The best of the same dataset, whose figures are known, and the bests of others, which are measured anew."""
        known = [row for row in rows if self._told(row) is not None]
        known.sort(key=lambda row: self._rank(self._told(row)), reverse=True)
        same = [row for row in known if row.dataset == self._manifest.dataset.name]
        others: dict[str, Any] = {}
        for row in known:
            if row.dataset != self._manifest.dataset.name:
                others.setdefault(row.dataset, row)
        found = []
        for row in same[:MOST_SAME]:
            if (value := self._ask(row)) is not None:
                found.append((value, row))
                if value == self._told(row):  # measured on the same rows: those after it are no better
                    break
        rest = list(others.values())[:MOST_OTHER]
        return found + [(value, row) for row in rest if (value := self._ask(row)) is not None]

    def _told(self, row: Any) -> Any:
        """The figure on its own test split; None if it has another."""
        return row.metrics.get("test", {}).get(self._head.metric)

    def _ask(self, row: Any) -> float | None:
        try:
            return self._score(row.id)
        except ArtifactInvalid:  # it could not answer in the active one's place
            return None

    def _rank(self, figure: float) -> float:
        return figure if self._head.higher_is_better else -figure


def _about_a_toy(manifest: Manifest, active: Any) -> str:
    if active is None or active.dataset_is_sample or not manifest.dataset.is_sample:
        return ""
    return (
        f". This model is of the bundled sample, not of real data, and takes the place of {_name(active)}, which is: "
        f"activate {active.id} to go back"
    )


def _name(row: Any) -> str:
    return f"model {row.id} (version {row.version})"
