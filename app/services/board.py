"""The board of a comparison: runs by their figure on the test split, and whether chance explains the differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.artifacts.evaluation import Evaluation
from app.domain import intervals
from app.domain.intervals import Interval
from app.domain.recipes import HEADS, HeadName, MetricName
from app.wire.comparisons import BoardRow, PairedTest
from app.wire.runs import Run

MOST_NAMED = 3  # runs that the best is not told apart from


@dataclass(frozen=True)
class Answered:
    """What a run's model answered on its test split."""

    sha256: str  # of the dataset
    evaluation: Evaluation

    def same_rows(self, other: "Answered") -> bool:
        """Whether both answered the same rows; what they had to answer may differ."""
        return self.sha256 == other.sha256

    def same_targets(self, other: "Answered") -> bool:
        """Whether both learnt the same targets of these rows."""
        return np.array_equal(self.evaluation.target, other.evaluation.target)


@dataclass(frozen=True)
class Figure:
    """A figure of the test split with its 95 % interval."""

    name: MetricName
    value: float
    interval: Interval

    @property
    def higher_is_better(self) -> bool:
        """Of errors less is better."""
        return self.name != "mae"

    def rank(self) -> float:
        """The higher, the better."""
        return self.value if self.higher_is_better else -self.value


def by_errors(head: HeadName, evaluation: Evaluation) -> bool:
    """Whether its answers are numbers; a class that was learnt as a number is compared as a class."""
    return HEADS[head].metric == "mae" and evaluation.target.dtype.kind == "f"


def figure_of(head: HeadName, evaluation: Evaluation) -> Figure:
    """The figure that counts, of the answers as they were kept.

    Accuracy has Wilson's interval, the mean absolute error the normal one. That of micro-averaged F1 is normal too, by
    the delta method: F1 is a ratio of two sums over rows, and a row moves it by its share of the difference.
    """
    rows = len(evaluation.target)
    if by_errors(head, evaluation):
        errors = evaluation.errors()
        mean = float(errors.mean())
        return Figure("mae", mean, intervals.of_mean(mean, float(errors.std()), rows))
    if evaluation.target.ndim == 2:
        value, deviation = _micro_f1(evaluation.target, evaluation.predicted)
        low, high = intervals.of_mean(value, deviation, rows)
        return Figure("f1", value, Interval(low, min(1.0, high)))
    share = float(evaluation.right().mean())
    return Figure("accuracy", share, intervals.of_share(share, rows))


def _micro_f1(target: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> tuple[float, float]:
    """F1 over all rows and labels, and the deviation of what each row adds to it."""
    hits = 2.0 * np.sum(target & predicted, axis=1)
    both = np.sum(target, axis=1, dtype=np.float64) + np.sum(predicted, axis=1)
    if not both.any():
        return 0.0, 0.0
    value = float(hits.sum() / both.sum())
    return value, float(np.std((hits - value * both) / both.mean()))


class Board:
    """Puts the runs of a comparison in their order."""

    def __init__(
        self,
        found: Sequence[Run],
        labels: Mapping[str, str],
        answers: Mapping[str, Answered],
        tests: Sequence[PairedTest],
    ) -> None:
        """`labels` and `answers` by run; those without answers get no place."""
        self._found = found
        self._labels = labels
        self._answers = answers
        self._figures = {
            run_id: figure_of(run.recipe.head, answers[run_id].evaluation) for run_id, run in _by_id(found, answers)
        }
        self._tests = {frozenset(test.runs): test for test in tests}
        self._ranked = sorted(self._comparable(), key=lambda run: -self._figures[run.id].rank())

    def rows(self, reasons: Mapping[str, str]) -> list[BoardRow]:
        """Best first; `reasons`: why a run has no answers."""
        others = [run for run in self._found if run not in self._ranked]
        return [self._placed(run) for run in self._ranked] + [self._without(run, reasons) for run in others]

    def _comparable(self) -> Sequence[Run]:
        """The most runs that have the same figure of the same test rows; of several such groups the first."""
        groups: list[list[Run]] = []
        for _, run in _by_id(self._found, self._answers):
            group = next((group for group in groups if self._belong_together(group[0], run)), None)
            if group is None:
                groups.append([run])
            else:
                group.append(run)
        return max(groups, key=len, default=[])

    def _belong_together(self, one: Run, other: Run) -> bool:
        first, second = self._answers[one.id], self._answers[other.id]
        same_figure = self._figures[one.id].name == self._figures[other.id].name
        return same_figure and first.same_rows(second) and first.same_targets(second)

    def _placed(self, run: Run) -> BoardRow:
        best, own = self._ranked[0], self._figures[run.id]
        rank = 1 + sum(self._figures[other.id].rank() > own.rank() for other in self._ranked)
        row = _row(run, own, rank)
        if run is best:
            return row.model_copy(update={"reading": self._of_best()})
        test = self._test(run)
        difference = own.value - self._figures[best.id].value
        changes = {
            "difference": difference,
            "p_adjusted": test.p_adjusted,
            "significant": test.better == best.id,
            "reading": _against_best(own, difference, test, self._labels[best.id], favoured=test.better == run.id),
        }
        return row.model_copy(update=changes)

    def _without(self, run: Run, reasons: Mapping[str, str]) -> BoardRow:
        """A run without a place, and why."""
        own = self._figures.get(run.id)
        reason = reasons[run.id] if own is None else "its figure is of other test rows, or of other targets of them"
        return _row(run, own, None).model_copy(update={"reading": f"no place: {reason}"})

    def _test(self, run: Run) -> PairedTest:
        """With the best: both have answers on the same rows."""
        return self._tests[frozenset((self._ranked[0].id, run.id))]

    def _of_best(self) -> str:
        """Whether its lead is more than chance."""
        best, *others = self._ranked
        if not others:
            return "the only one with answers on these test rows"
        near = [self._labels[run.id] for run in others if self._test(run).better != best.id]
        if not near:
            told = "the other" if len(others) == 1 else f"all {len(others)} others"
            return f"the best, and ahead of {told} by more than chance explains"
        named = near if len(near) <= MOST_NAMED else [*near[: MOST_NAMED - 1], f"{len(near) - MOST_NAMED + 1} more"]
        return f"the best, but this test split does not tell it apart from {' and '.join(named)}"


def _by_id(found: Sequence[Run], answers: Mapping[str, Answered]) -> list[tuple[str, Run]]:
    """Those with answers."""
    return [(run.id, run) for run in found if run.id in answers]


def _row(run: Run, own: Figure | None, rank: int | None) -> BoardRow:
    """What is known without the others."""
    name = own.name if own else HEADS[run.recipe.head].metric
    return BoardRow(
        run=run.id,
        rank=rank,
        name=name,
        higher_is_better=name != "mae",
        value=own.value if own else run.metrics.test.get(name),
        low=own.interval.low if own else None,
        high=own.interval.high if own else None,
        guessing=run.metrics.baseline.get(name),
        difference=None,
        p_adjusted=None,
        significant=None,
        reading="",
    )


def _against_best(own: Figure, difference: float, test: PairedTest, best: str, *, favoured: bool) -> str:
    """How far behind the best, and what the paired test says of that; `favoured`: the test prefers this one."""
    if difference == 0:
        return f"as good as {best}"
    # Of shares as the page has it: in points of a hundred.
    size = f"{100 * abs(difference):.2f} points" if own.higher_is_better else f"{abs(difference):.4g}"
    apart = f"{size} {'less' if own.higher_is_better else 'more'} {own.name} than {best}"
    p = f"adjusted p = {test.p_adjusted:.2g}"
    if favoured:
        return f"{apart}, yet better on most rows by the paired test ({p}): look at its largest errors"
    if test.better is None:
        return f"{apart}: chance explains that ({p})"
    return f"{apart}: more than chance explains ({p})"
