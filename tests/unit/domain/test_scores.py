"""The figure by which runs are put in order."""

import pytest

from app.domain.recipes import HEADS
from app.domain.scores import Score, score_of


@pytest.mark.parametrize("head", HEADS)
def test_it_is_the_heads_metric_on_the_test_split_and_more_is_better(head: str) -> None:
    metric = HEADS[head].metric  # type: ignore[index]
    better, worse = (0.2, 0.4) if metric == "mae" else (0.4, 0.2)
    scores = [score_of(head, {"test": {metric: value}, "validation": {metric: 9}}) for value in (better, worse)]

    assert [metric, metric] == [score.name for score in scores if score]
    assert scores[0]
    assert scores[1]
    assert scores[0].oriented > scores[1].oriented


def test_a_trial_is_told_by_its_held_out_rows() -> None:
    metrics = {"validation": {"mae": 2.5}, "test": {}, "baseline": {"mae": 6.0}}

    assert Score("val_mae", 2.5, 6.0, higher_is_better=False) == score_of("regression", metrics)


@pytest.mark.parametrize(("head", "metrics"), [("binary", {}), ("binary", {"test": None}), ("of tomorrow", {})])
def test_some_have_none(head: str, metrics: dict[str, None]) -> None:
    assert score_of(head, metrics) is None
