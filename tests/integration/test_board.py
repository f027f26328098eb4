"""The board of `/compare`: the best first, how sure its figure is, and whether chance explains the others' distance."""

from typing import Any

import httpx
import numpy as np
import pytest
from scipy import stats

from app.artifacts.evaluation import Evaluation
from app.domain.recipes import HEADS, Recipe
from app.domain.runs import Metrics
from tests.integration.finished import Finished, model_of
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

BASELINE = {"accuracy": 0.5}


def board_of(client: httpx.Client, *runs: str) -> list[dict[str, Any]]:
    answer = client.get("/compare", params={"runs": ",".join(runs)})
    assert 200 == answer.status_code, answer.text
    rows: list[dict[str, Any]] = answer.json()["board"]
    assert set(runs) == {row["run"] for row in rows}
    return rows


def classified(right: int, rows: int = 100, first: int = 0) -> Evaluation:
    """Right on so many rows from row `first` on."""
    target = np.arange(rows, dtype=np.int32) % 2
    is_right = np.zeros(rows, dtype=bool)
    is_right[first : first + right] = True
    return Evaluation(target, np.where(is_right, target, 1 - target).astype(np.int32))


def measured(errors: list[float]) -> Evaluation:
    target = np.full(len(errors), 16.0, dtype=np.float32)
    return Evaluation(target, target + np.array(errors, dtype=np.float32))


def recipe(task: str, **changes: Any) -> Recipe:
    return TASKS.get(task).presets["baseline"].recipe.model_copy(update=changes)


def test_classifiers_by_accuracy(client: httpx.Client, finished: Finished) -> None:
    """Each with Wilson's interval; against the best by the paired test that the pair has in `tests`."""
    metrics = Metrics(test={"accuracy": 0.1}, baseline=BASELINE)
    worst, best, near = (
        finished.run("sentiment", classified(right), name=name, metrics=metrics)
        for right, name in ((60, "worst"), (90, "best"), (88, "near"))
    )

    rows = board_of(client, worst, best, near)

    assert [(best, 1), (near, 2), (worst, 3)] == [(row["run"], row["rank"]) for row in rows]
    for row, right in zip(rows, (90, 88, 60), strict=True):
        expected = stats.binomtest(right, 100).proportion_ci(method="wilson")
        assert (right / 100, expected.low, expected.high) == pytest.approx((row["value"], row["low"], row["high"]))
        assert ("accuracy", True, 0.5) == (row["name"], row["higher_is_better"], row["guessing"])
    tests = client.get("/compare", params={"runs": f"{worst},{best},{near}"}).json()["tests"]
    p_values = {frozenset(test["runs"]): test["p_adjusted"] for test in tests}
    assert [None, -0.02, -0.3] == [row["difference"] and pytest.approx(row["difference"]) for row in rows]
    assert [None, p_values[frozenset((best, near))], p_values[frozenset((best, worst))]] == [
        row["p_adjusted"] for row in rows
    ]
    assert [None, False, True] == [row["significant"] for row in rows]
    assert "the best, but this test split does not tell it apart from near" == rows[0]["reading"]
    assert rows[1]["reading"].startswith("2.00 points less accuracy than best: chance explains that (adjusted p = 0.5)")
    assert rows[2]["reading"].startswith(
        "30.00 points less accuracy than best: more than chance explains (adjusted p = "
    )


def test_a_best_that_is_ahead_of_all_says_so(client: httpx.Client, finished: Finished) -> None:
    runs = [finished.run("sentiment", classified(right)) for right in (95, 60, 55)]

    assert "the best, and ahead of all 2 others by more than chance explains" == board_of(client, *runs)[0]["reading"]
    assert "the best, and ahead of the other by more than chance explains" == board_of(client, *runs[:2])[0]["reading"]


def test_equal_figures_share_a_place(client: httpx.Client, finished: Finished) -> None:
    """On other rows each: the sum is the same."""
    runs = [finished.run("sentiment", classified(right, first=first)) for right, first in ((80, 0), (80, 20), (60, 0))]

    rows = board_of(client, *runs)

    assert [1, 1, 3] == [row["rank"] for row in rows]
    assert (0, False, True) == (rows[1]["difference"], rows[1]["significant"], "as good as" in rows[1]["reading"])


def test_many_that_are_near_are_counted(client: httpx.Client, finished: Finished) -> None:
    runs = [finished.run("sentiment", classified(90 - n), name=f"run {n}") for n in range(6)]

    assert board_of(client, *runs)[0]["reading"].endswith("does not tell it apart from run 1 and run 2 and 3 more")


def test_regressions_by_their_mean_error(client: httpx.Client, finished: Finished) -> None:
    """The fewer the better, with the normal interval."""
    errors = [float(n % 7) for n in range(100)]
    best = finished.run("housing", measured(errors))
    other = finished.run("housing", measured([error + 0.5 for error in errors]))

    rows = board_of(client, other, best)

    assert [(best, 1, None), (other, 2, 0.5)] == [
        (row["run"], row["rank"], row["difference"] and pytest.approx(row["difference"])) for row in rows
    ]
    mean, deviation = float(np.mean(errors)), float(np.std(errors))
    low, high = stats.norm(mean, deviation / 10).interval(0.95)
    assert (mean, low, high) == pytest.approx((rows[0]["value"], rows[0]["low"], rows[0]["high"]), rel=1e-6)
    assert ("mae", False, True) == (rows[1]["name"], rows[1]["higher_is_better"], rows[1]["significant"])
    assert rows[1]["reading"].startswith("0.5 more mae than baseline")


def test_a_mean_that_a_few_large_errors_make_is_told(client: httpx.Client, finished: Finished) -> None:
    """Less error on the mean, but more on nearly every row: the test favours the other one."""
    best = finished.run("housing", measured([1.0] * 97 + [1.0] * 3))
    other = finished.run("housing", measured([0.5] * 97 + [50.0] * 3))

    rows = board_of(client, best, other)

    assert [best, other] == [row["run"] for row in rows]
    assert (False, True) == (rows[1]["significant"], rows[1]["p_adjusted"] < 0.05)
    assert "yet better on most rows by the paired test" in rows[1]["reading"]
    assert "does not tell it apart" in rows[0]["reading"]


def test_several_labels_by_f1(client: httpx.Client, finished: Finished) -> None:
    """Its interval is near that of a bootstrap of the rows, and within 0 and 1."""
    rng = np.random.default_rng(0)
    target = rng.random((400, 5)) < 0.3
    given = np.where(rng.random((400, 5)) < 0.15, ~target, target)
    multilabel = recipe("newswire", head="multilabel", loss="binary_crossentropy")
    runs = [finished.run("newswire", Evaluation(target, each), recipe=multilabel) for each in (given, target)]

    perfect, found = board_of(client, *runs)

    assert ("f1", 1, 1, 1) == tuple(perfect[name] for name in ("name", "value", "low", "high"))
    hits, both = (target & given).sum(axis=1), target.sum(axis=1) + given.sum(axis=1)
    drawn = rng.integers(0, 400, (4_000, 400))
    scores = 2 * hits[drawn].sum(axis=1) / both[drawn].sum(axis=1)
    assert 2 * hits.sum() / both.sum() == pytest.approx(found["value"])
    assert np.quantile(scores, (0.025, 0.975)).tolist() == pytest.approx([found["low"], found["high"]], abs=0.005)


def test_a_class_learnt_as_a_number_is_placed_by_its_accuracy(client: httpx.Client, finished: Finished) -> None:
    as_number = recipe("sentiment", head="unit_regression", loss=HEADS["unit_regression"].losses[0])
    runs = [finished.run("sentiment", classified(80)), finished.run("sentiment", classified(90), recipe=as_number)]

    assert [(runs[1], "accuracy"), (runs[0], "accuracy")] == [
        (row["run"], row["name"]) for row in board_of(client, *runs)
    ]


class TestWithoutAPlace:
    """The reason stands in the reading; nothing is said of chance."""

    def reading(self, row: dict[str, Any]) -> str:
        assert [None] * 4 == [row[name] for name in ("rank", "difference", "p_adjusted", "significant")]
        return str(row["reading"])

    def test_runs_without_models(self, client: httpx.Client, finished: Finished) -> None:
        done = finished.run("sentiment", classified(90))
        gone = finished.run("sentiment", classified(90), metrics=Metrics(test={"accuracy": 0.9}))
        old = finished.run("sentiment", None, metrics=Metrics(test={"accuracy": 0.8}))
        queued = queue_run(finished.database, finished.clock, "sentiment")
        assert 204 == client.delete(f"/models/{model_of(gone)}").status_code

        first, *others = board_of(client, queued, gone, old, done)

        assert (done, 1, "the only one with answers on these test rows") == (
            first["run"], first["rank"], first["reading"],
        )  # fmt: skip
        assert [
            "no place: it is queued and has no model",
            "no place: its model has been removed, and its answers with it",
            "no place: its model was made by a release that kept no answers",
        ] == [self.reading(row) for row in others]
        assert [(None, None), (0.9, None), (0.8, None)] == [(row["value"], row["low"]) for row in others]

    def test_other_test_rows(self, client: httpx.Client, finished: Finished) -> None:
        """Most are of the same rows; the one that is best elsewhere has its figure, but no place."""
        elsewhere = finished.run("sentiment", classified(99), sha256="0" * 64)
        runs = [finished.run("sentiment", classified(right)) for right in (70, 80)]

        first, second, third = board_of(client, elsewhere, *runs)

        assert [(runs[1], 1), (runs[0], 2)] == [(row["run"], row["rank"]) for row in (first, second)]
        assert "no place: its figure is of other test rows, or of other targets of them" == self.reading(third)
        assert (0.99, True) == (third["value"], third["low"] < 0.99 < third["high"])

    def test_none_has_answers(self, client: httpx.Client, finished: Finished) -> None:
        runs = [queue_run(finished.database, finished.clock, "housing") for _ in range(2)]

        assert [runs, ["mae"] * 2] == [[row[name] for row in board_of(client, *runs)] for name in ("run", "name")]
