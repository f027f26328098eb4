"""`/compare`: where runs differ, their figures, and whether chance explains the difference."""

from typing import Any
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pytest
from scipy import stats

from app.artifacts.evaluation import EVALUATION, Evaluation
from app.artifacts.store import ArtifactStore
from app.domain.optimizers import Adam
from app.domain.recipes import HEADS, Dense, Dropout, EarlyStopping, HeadName, Holdout, Recipe
from app.domain.runs import Change, FitMetrics, Metrics, Spread, SpreadOver
from app.services.execution import WorkerService
from app.wire.runs import RunError
from tests.integration.finished import Finished, answers_of, model_of
from tests.support.queue import queue_run
from tests.support.tasks import TASKS

LOSSES = [{"loss": 1.0, "accuracy": 0.5}, {"loss": 0.5, "accuracy": 0.8}]


def compare(client: httpx.Client, *runs: str) -> dict[str, Any]:
    answer = client.get("/compare", params={"runs": ",".join(runs)})
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    assert {"task", "pictures", "runs", "board", "differences", "tests", "notes"} == set(found)
    return found


def classified(right: str) -> Evaluation:
    """Answers of a classifier: a letter for each test row, `+` where it is right."""
    target = np.arange(len(right), dtype=np.int32) % 2
    wrong = np.array([letter != "+" for letter in right])
    return Evaluation(target, np.where(wrong, 1 - target, target).astype(np.int32))


def measured(errors: list[float]) -> Evaluation:
    """Answers of a regression that are this far from the truth."""
    target = np.full(len(errors), 16.0, dtype=np.float32)
    return Evaluation(target, target + np.array(errors, dtype=np.float32))


def recipe(task: str, **changes: Any) -> Recipe:
    return TASKS.get(task).presets["baseline"].recipe.model_copy(update=changes)


class TestMcNemar:
    """Classifiers: rows that only one of the two gets right."""

    def test_a_case_worked_by_hand(self, client: httpx.Client, finished: Finished) -> None:
        """Nine against one: 2 (1 + 10) / 2¹⁰ = 22 / 1024. Rows on which both are right or wrong do not count."""
        first = finished.run("sentiment", classified("+++++++++-++++++--"))
        second = finished.run("sentiment", classified("---------+++++++--"))

        found = compare(client, first, second)

        (test,) = found["tests"]
        assert ([first, second], "mcnemar", 18) == (test["runs"], test["test"], test["rows"])
        assert (9, 1) == (test["first_better"], test["second_better"])
        assert 22 / 1024 == pytest.approx(test["p_value"], rel=1e-12)
        assert stats.binomtest(9, 10).pvalue == pytest.approx(test["p_value"], rel=1e-12)
        assert f"adjusted p = 0.021: more than chance explains, in favour of {first}" in test["reading"]
        assert [] == found["notes"]

    def test_the_order_of_the_runs_turns_the_test_round(self, client: httpx.Client, finished: Finished) -> None:
        one, other = (finished.run("sentiment", classified(right)) for right in ("+++++++-", "-------+"))

        (there,), (back,) = (compare(client, *pair)["tests"] for pair in ((one, other), (other, one)))

        assert [one, other] == there["runs"] == back["runs"][::-1]
        assert (7, 1) == (there["first_better"], there["second_better"])
        assert (1, 7) == (back["first_better"], back["second_better"])
        assert there["p_value"] == back["p_value"]

    def test_few_rows_do_not_tell_them_apart(self, client: httpx.Client, finished: Finished) -> None:
        """Five against none is p = 1 / 16."""
        pair = [finished.run("sentiment", classified(right)) for right in ("+++++++", "-----++")]

        (test,) = compare(client, *pair)["tests"]

        assert 1 / 16 == pytest.approx(test["p_value"])
        assert "does not tell them apart" in test["reading"]

    @pytest.mark.parametrize("right", ["++++", "----", "+-+-"])
    def test_two_that_answer_alike_may_be_equally_good(
        self, client: httpx.Client, finished: Finished, right: str
    ) -> None:
        pair = [finished.run("sentiment", classified(right)) for _ in range(2)]

        (test,) = compare(client, *pair)["tests"]

        assert (0, 0, 1.0) == (test["first_better"], test["second_better"], test["p_value"])
        assert "chance explains that" in test["reading"]

    @pytest.mark.parametrize("share", [0.5, 0.55, 0.7])
    def test_the_p_value_is_that_of_the_exact_binomial_test(
        self, client: httpx.Client, finished: Finished, share: float
    ) -> None:
        rng = np.random.default_rng(0)
        first, second = (rng.random(300) < each for each in (share, 0.5))
        pair = [finished.run("sentiment", classified("".join(np.where(hits, "+", "-")))) for hits in (first, second)]

        (test,) = compare(client, *pair)["tests"]

        better, worse = int(np.sum(first & ~second)), int(np.sum(second & ~first))
        assert (better, worse) == (test["first_better"], test["second_better"])
        assert stats.binomtest(better, better + worse).pvalue == pytest.approx(test["p_value"])

    def test_a_multilabel_answer_is_right_if_all_its_labels_are(self, client: httpx.Client, finished: Finished) -> None:
        """One topic too many or too few is a mistake."""
        target = np.array([[1, 1, 0]] * 6 + [[0, 0, 1]] * 2, dtype=bool)
        almost = target.copy()
        almost[:6, 1] = False
        almost[6, 0] = True
        multilabel = recipe("newswire", head="multilabel", loss="binary_crossentropy")
        pair = [finished.run("newswire", Evaluation(target, given), recipe=multilabel) for given in (target, almost)]

        (test,) = compare(client, *pair)["tests"]

        assert ("mcnemar", 8, 7, 0) == tuple(test[key] for key in ("test", "rows", "first_better", "second_better"))
        assert 2 / 2**7 == pytest.approx(test["p_value"])

    def test_a_class_learnt_as_a_number_is_compared_as_a_class(self, client: httpx.Client, finished: Finished) -> None:
        """With a classifier of two softmax units, too."""
        heads: tuple[HeadName, ...] = ("unit_regression", "multiclass", "binary")
        recipes = [recipe("sentiment", head=head, loss=HEADS[head].losses[0]) for head in heads]
        rights = ("+++++++-", "-------+", "++++++++")
        runs = [finished.run("sentiment", classified(r), recipe=one) for r, one in zip(rights, recipes, strict=True)]

        found = compare(client, *runs)

        assert ["mcnemar"] * 3 == [test["test"] for test in found["tests"]]
        assert [(7, 1), (0, 1), (0, 7)] == [(t["first_better"], t["second_better"]) for t in found["tests"]]


class TestWilcoxon:
    """Regressions: absolute errors, row by row."""

    def test_a_case_worked_by_hand(self, client: httpx.Client, finished: Finished) -> None:
        """The second is better on all six rows, by six different amounts: 2 of the 2⁶ signs are so extreme."""
        first = finished.run("housing", measured([1, -2, 3, -4, 5, -6]))
        second = finished.run("housing", measured([0.5, 0.5, -0.5, 0.5, -0.5, 0.5]))

        (test,) = compare(client, first, second)["tests"]

        assert ("wilcoxon", 6, 0, 6) == tuple(test[key] for key in ("test", "rows", "first_better", "second_better"))
        assert 2 / 2**6 == pytest.approx(test["p_value"], rel=1e-12)
        assert f"in favour of {second}" in test["reading"]

    def test_the_ranks_count_and_not_only_the_signs(self, client: httpx.Client, finished: Finished) -> None:
        """The first is better on five rows of six, but by less than the second is on one: rank sum 6 against 15.

        Of the 64 choices of signs 28 have a smaller sum of 6 or less: p = 28 / 64.
        """
        first = finished.run("housing", measured([1, 1, 1, 1, 1, 9]))
        second = finished.run("housing", measured([2, 3, 4, 5, 6, 1]))

        (test,) = compare(client, first, second)["tests"]

        assert (5, 1) == (test["first_better"], test["second_better"])
        assert 28 / 64 == pytest.approx(test["p_value"], rel=1e-12)
        assert "does not tell them apart" in test["reading"]

    @pytest.mark.parametrize(("rows", "scale"), [(12, 1.0), (50, 1.3), (102, 1.1), (400, 1.0)])
    def test_the_p_value_is_that_of_scipy(
        self, client: httpx.Client, finished: Finished, rows: int, scale: float
    ) -> None:
        rng = np.random.default_rng(0)
        target = rng.normal(size=rows).astype(np.float32)
        first, second = (target + rng.normal(scale=s, size=rows).astype(np.float32) for s in (1.0, scale))
        pair = [finished.run("housing", Evaluation(target, given)) for given in (first, second)]

        (test,) = compare(client, *pair)["tests"]

        wide = target.astype(np.float64)
        differences = np.abs(first.astype(np.float64) - wide) - np.abs(second.astype(np.float64) - wide)
        assert stats.wilcoxon(differences).pvalue == pytest.approx(test["p_value"])
        assert int(np.sum(differences < 0)) == test["first_better"]
        assert rows == test["rows"] == test["first_better"] + test["second_better"]

    def test_rows_with_the_same_error_do_not_count(self, client: httpx.Client, finished: Finished) -> None:
        first, second = [1.0, 2, 3, 4, 5, 6, 7, 8, 2, -3], [0.5, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 10, -2, 3]
        pair = [finished.run("housing", measured(errors)) for errors in (first, second)]

        (test,) = compare(client, *pair)["tests"]

        assert (1, 7, 10) == (test["first_better"], test["second_better"], test["rows"])
        expected = stats.wilcoxon(np.abs(first) - np.abs(second), zero_method="wilcox").pvalue
        assert expected == pytest.approx(test["p_value"])

    def test_two_that_answer_alike_may_be_equally_good(self, client: httpx.Client, finished: Finished) -> None:
        pair = [finished.run("housing", measured(errors)) for errors in ([1.0, -2.0], [-1.0, 2.0])]

        (test,) = compare(client, *pair)["tests"]

        assert (0, 0, 1.0) == (test["first_better"], test["second_better"], test["p_value"])


def test_runs_are_shown_in_the_order_they_were_asked_for(client: httpx.Client, finished: Finished) -> None:
    """With every pair's test."""
    runs = [finished.run("sentiment", classified(right)) for right in ("+++", "++-", "+--")]

    found = compare(client, *runs[::-1])

    assert ("sentiment", runs[::-1]) == (found["task"], [run["id"] for run in found["runs"]])
    assert [model_of(run) for run in runs[::-1]] == [run["model_id"] for run in found["runs"]]
    a, b, c = runs[::-1]
    assert [[a, b], [a, c], [b, c]] == [test["runs"] for test in found["tests"]]


def test_differences_are_named_by_dotted_paths(client: httpx.Client, finished: Finished) -> None:
    """Only where the runs differ; what a run has not got is null."""
    recipes = [
        recipe("sentiment"),
        recipe("sentiment", layers=(Dense(units=32), Dropout(rate=0.5)), optimizer=Adam(), epochs=9),
    ]
    first = finished.run("sentiment", None, recipe=recipes[0], seed=1)
    second = finished.run("sentiment", None, recipe=recipes[1], seed=2, seeds=3, validation=Holdout(size=100))

    found = {row["field"]: row["values"] for row in compare(client, first, second)["differences"]}

    expected = {
        "seed": [1, 2],
        "seeds": [1, 3],
        "recipe.layers.0.units": [16, 32],
        "recipe.layers.1.kind": ["dense", "dropout"],
        "recipe.layers.1.rate": [None, 0.5],
        "recipe.layers.1.units": [16, None],
        "recipe.layers.1.activation": ["relu", None],
        "recipe.layers.1.l1": [0.0, None],
        "recipe.layers.1.l2": [0.0, None],
        "recipe.optimizer.kind": ["rmsprop", "adam"],
        "recipe.optimizer.rho": [0.9, None],
        "recipe.optimizer.momentum": [0.0, None],
        "recipe.optimizer.centered": [False, None],
        "recipe.optimizer.beta_1": [None, 0.9],
        "recipe.optimizer.beta_2": [None, 0.999],
        "recipe.optimizer.amsgrad": [None, False],
        "recipe.epochs": [4, 9],
        "validation.kind": ["none", "holdout"],
        "validation.size": [None, 100],
        "validation.rows": [None, "in_order"],
    }
    assert expected == found


def test_what_is_there_in_one_run_only_is_a_difference(client: httpx.Client, finished: Finished) -> None:
    stopping = EarlyStopping(monitor="loss", patience=2)
    recipes = (recipe("planar", layers=()), recipe("planar", early_stopping=stopping))
    runs = [finished.run("planar", None, recipe=one) for one in recipes]

    found = {row["field"]: row["values"] for row in compare(client, *runs)["differences"]}

    assert [None, "loss"] == found["recipe.early_stopping.monitor"]
    assert [None, 2] == found["recipe.early_stopping.patience"]
    assert [None, 5] == found["recipe.layers.0.units"]
    assert {"recipe"} == {field.partition(".")[0] for field in found}


def test_a_network_without_hidden_layers_lacks_the_settings_of_the_others_layers(
    client: httpx.Client, finished: Finished
) -> None:
    """Logistic regression: its empty list is no setting that the others have not; in the pictures it has a name."""
    epochs = [{"loss": 0.5, "accuracy": 0.7}] * 2
    recipes = [recipe("planar", layers=()), recipe("planar"), recipe("planar", layers=(Dropout(rate=0.5),))]
    first, second, third = (finished.run("planar", answers_of("planar"), epochs, recipe=made) for made in recipes)

    found = compare(client, first, second)

    layer = {"kind": "dense", "units": 5, "activation": "tanh", "l1": 0.0, "l2": 0.0}
    assert {f"recipe.layers.0.{name}": [None, value] for name, value in layer.items()} == {
        row["field"]: row["values"] for row in found["differences"]
    }
    labels = ["baseline, no hidden layer", "baseline, 5 units"]
    assert labels == [run["label"] for run in found["runs"]]
    for path in ("/compare.svg", "/compare/boundaries.svg", "/compare.svg?only=loss"):
        answer = client.get(path, params={"runs": f"{first},{second}", **dict(httpx.URL(path).params)})
        assert all(label in " ".join(ET.fromstring(answer.content).itertext()) for label in labels)
    assert ["recipe.layers.0.kind", "recipe.layers.0.rate"] == [
        row["field"] for row in compare(client, first, third)["differences"]
    ]


def test_names_and_presets_make_no_difference(client: httpx.Client, finished: Finished) -> None:
    """What decides the result is compared, not what it is called."""
    runs = [finished.run("housing", None, name=name, tags={"a": name}) for name in ("first", "second")]

    found = compare(client, *runs)

    assert [] == found["differences"]
    assert ["first", "second"] == [run["name"] for run in found["runs"]]


def test_figures_come_with_their_spread(client: httpx.Client, finished: Finished) -> None:
    fits = [FitMetrics(seed=seed, epochs=4, test={"accuracy": value}) for seed, value in ((1, 0.8), (2, 0.9))]
    spread = SpreadOver(over="seeds", count=2, test={"accuracy": Spread(mean=0.85, std=0.05, min=0.8, max=0.9)})
    metrics = Metrics(test={"accuracy": 0.8}, baseline={"accuracy": 0.5}, spread=spread, fits=fits)
    several = finished.run("sentiment", None, metrics=metrics, seeds=2)
    one = finished.run("sentiment", None)

    first, second = compare(client, several, one)["runs"]

    assert metrics.model_dump() == first["metrics"]
    assert {"mean": 0.85, "std": 0.05, "min": 0.8, "max": 0.9} == first["metrics"]["spread"]["test"]["accuracy"]
    assert (2, "sample", "succeeded") == (first["seeds"], first["dataset"], first["status"])
    assert (1, None) == (second["seeds"], second["metrics"]["spread"])


class TestWithoutATest:
    """Why some pairs have none; the comparison is answered all the same."""

    def test_a_run_without_a_model(self, client: httpx.Client, finished: Finished) -> None:
        """Queued, running, failed: each says what it is."""
        done = finished.run("housing", measured([1.0]))
        failed = finished.claimed("housing")
        failed.fail(RunError(type="Diverged", message="the loss is no longer a number"))
        running = finished.claimed("housing")
        queued = queue_run(finished.database, finished.clock, "housing")

        found = compare(client, done, failed.run_id, running.run_id, queued)

        assert ([], 3) == (found["tests"], len(found["notes"]))
        for note, run_id, status in zip(
            found["notes"], (failed.run_id, running.run_id, queued), ("failed", "running", "queued"), strict=True
        ):
            assert f"run {run_id}: it is {status} and has no model" == note

    def test_a_model_of_a_release_that_kept_no_answers(self, client: httpx.Client, finished: Finished) -> None:
        runs = [finished.run("housing", evaluation) for evaluation in (measured([1.0]), None)]

        found = compare(client, *runs)

        assert [] == found["tests"]
        assert [f"run {runs[1]}: its model was made by a release that kept no answers"] == found["notes"]

    def test_models_of_other_test_rows(self, client: httpx.Client, finished: Finished) -> None:
        """Of another dataset, or of other targets of the same rows; those that fit are tested."""
        first = finished.run("housing", measured([1.0, 2.0]))
        other = finished.run("housing", measured([1.0, 2.0]), sha256="0" * 64)
        shifted = measured([1.0, 2.0])
        split = finished.run("housing", Evaluation(shifted.target + 1, shifted.predicted))
        same = finished.run("housing", measured([2.0, 4.0]))

        found = compare(client, first, other, split, same)

        assert [[first, same]] == [test["runs"] for test in found["tests"]]
        rows, targets = "were not measured on the same test rows", "learnt different targets of the same rows"
        pairs = [
            (first, other, rows),
            (first, split, targets),
            (other, split, rows),
            (other, same, rows),
            (split, same, targets),
        ]
        assert [f"runs {a} and {b}: they {why}" for a, b, why in pairs] == found["notes"]

    def test_one_topic_and_several_are_not_the_same_question(self, client: httpx.Client, finished: Finished) -> None:
        one = finished.run("newswire", classified("++++"))
        several = finished.run(
            "newswire",
            Evaluation(np.eye(4, dtype=bool), np.eye(4, dtype=bool)),
            recipe=recipe("newswire", head="multilabel", loss="binary_crossentropy"),
        )

        found = compare(client, one, several)

        assert ([], 1) == (found["tests"], len(found["notes"]))

    @pytest.mark.parametrize("damage", ["flipped", "gone", "no manifest"])
    def test_damaged_answers(self, client: httpx.Client, finished: Finished, store: ArtifactStore, damage: str) -> None:
        runs = [finished.run("housing", measured([1.0, 2.0])) for _ in range(3)]
        path = store.path("housing", model_of(runs[0])) / EVALUATION
        if damage == "flipped":
            content = bytearray(path.read_bytes())
            content[-10] ^= 1
            path.write_bytes(content)
        else:
            (path if damage == "gone" else path.with_name("manifest.json")).unlink()

        found = compare(client, *runs)

        assert [runs[1:]] == [test["runs"] for test in found["tests"]]
        (note,) = found["notes"]
        assert note.startswith(f"run {runs[0]}: ")
        assert model_of(runs[0]) in note


class TestRefused:
    """Problem documents; the same for the table and the picture."""

    @pytest.fixture(params=["/compare", "/compare.svg", "/compare.png"])
    def path(self, request: pytest.FixtureRequest) -> str:
        path: str = request.param
        return path

    def refusal(self, client: httpx.Client, path: str, runs: str | None, status: int) -> dict[str, Any]:
        answer = client.get(path, params={} if runs is None else {"runs": runs})
        assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"]), answer.text
        problem: dict[str, Any] = answer.json()
        assert (["runs"] if status == 422 else []) == [error["field"] for error in problem["errors"]]
        return problem

    def test_runs_of_different_tasks(self, client: httpx.Client, finished: Finished, path: str) -> None:
        runs = [finished.claimed(task, LOSSES).run_id for task in ("housing", "planar")]

        problem = self.refusal(client, path, ",".join(runs), 422)

        assert all(
            f"{run} is of {task}" in problem["detail"] for run, task in zip(runs, ("housing", "planar"), strict=True)
        )

    def test_an_unknown_run(self, client: httpx.Client, finished: Finished, path: str) -> None:
        run = finished.claimed("housing", LOSSES).run_id

        assert "r-nobody" in self.refusal(client, path, f"{run},r-nobody", 404)["detail"]

    @pytest.mark.parametrize("count", [1, 11])
    def test_too_few_or_too_many(self, client: httpx.Client, finished: Finished, path: str, count: int) -> None:
        runs = [queue_run(finished.database, finished.clock) for _ in range(count)]

        assert f"2 to 10 run ids, got {count}" in self.refusal(client, path, ",".join(runs), 422)["detail"]

    def test_a_run_twice(self, client: httpx.Client, finished: Finished, path: str) -> None:
        run = finished.claimed("housing", LOSSES).run_id

        assert "twice" in self.refusal(client, path, f"{run},{run}", 422)["detail"]

    @pytest.mark.parametrize("runs", [None, "", "r-1,r-2;", "r-1,../../etc", "r" * 701, "\x00,a"])
    def test_what_is_no_list_of_ids(self, client: httpx.Client, path: str, runs: str | None) -> None:
        self.refusal(client, path, runs, 422)


def test_the_winner_is_the_one_whose_errors_rank_lower(client: httpx.Client, finished: Finished) -> None:
    """Better on most rows, but by little, is not better: the p-value comes from the ranks, and so does the verdict."""
    first = finished.run("housing", measured([1.0] * 51 + [200.0 + i for i in range(49)]))
    second = finished.run("housing", measured([1.0 + (i + 1) / 64 for i in range(51)] + [100.0] * 49))

    (test,) = compare(client, first, second)["tests"]

    assert (51, 49) == (test["first_better"], test["second_better"])
    assert test["p_value"] < 0.001
    assert second == test["better"]
    assert f"in favour of {second}" in test["reading"]
    assert [110.27, 49.71] == pytest.approx(test["figures"], abs=0.05)


def test_many_pairs_make_each_count_for_less(client: httpx.Client, finished: Finished) -> None:
    """Holm: the smallest of three p-values times three, the next times two, never falling."""
    rights = ("+" * 18, "+" * 9 + "-" * 9, "-" + "+" * 9 + "-" * 8)
    runs = [finished.run("sentiment", classified(right)) for right in rights]

    tests = compare(client, *runs)["tests"]

    ranked = sorted(tests, key=lambda test: test["p_value"])
    expected, least = [], 0.0
    for times, test in zip((3, 2, 1), ranked, strict=True):
        least = max(least, min(1.0, times * test["p_value"]))
        expected.append(least)
    assert expected == pytest.approx([test["p_adjusted"] for test in ranked])
    assert [p < 0.05 for p in expected] == [test["better"] is not None for test in ranked]


def test_several_seeds_are_told_of(client: httpx.Client, finished: Finished) -> None:
    """Only the model of the first is tested."""
    several = finished.run("sentiment", classified("++--"), seeds=3)
    found = compare(client, several, finished.run("sentiment", classified("++--")))

    assert [f"run {several}: tested is the model of seed 1; its spread tells of the others"] == found["notes"]


class TestPicture:
    """`/compare.svg` and `/compare.png`."""

    def test_ten_runs_in_one_picture(self, client: httpx.Client, finished: Finished) -> None:
        """Each is named: by its name or preset, and where two have the same by what they differ in."""
        named = [finished.claimed("sentiment", LOSSES, name=name).run_id for name in ("alpha", "beta & <gamma>")]
        plain = [finished.run("sentiment", None, LOSSES, seed=seed) for seed in range(8)]

        answer = client.get("/compare.svg", params={"runs": ",".join(named + plain)})

        assert (200, "image/svg+xml") == (answer.status_code, answer.headers["content-type"])
        text = " ".join(ET.fromstring(answer.content).itertext())
        assert "sentiment: runs compared" in text
        for name in ("alpha", "beta & <gamma>", *(f"baseline, seed {seed}" for seed in range(8))):
            assert name in text

    def test_also_as_png(self, client: httpx.Client, finished: Finished) -> None:
        runs = [finished.claimed("sentiment", LOSSES).run_id for _ in range(2)]

        answer = client.get("/compare.png", params={"runs": ",".join(runs)})

        assert (200, "image/png") == (answer.status_code, answer.headers["content-type"])
        assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")

    @pytest.mark.parametrize("form", ["svg", "png"])
    def test_a_run_without_epochs_cannot_be_drawn(self, client: httpx.Client, finished: Finished, form: str) -> None:
        """Nor can one that has none from the first epoch on that is asked for."""
        drawn = finished.claimed("housing", LOSSES).run_id
        queued = queue_run(finished.database, finished.clock)

        answer = client.get(f"/compare.{form}", params={"runs": f"{drawn},{queued}"})

        assert (409, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
        assert f"run {queued} is queued and has no epochs" in answer.json()["detail"]
        other = WorkerService(finished.database, finished.clock, "w-2", 10).claim()
        assert other is not None
        WorkerService(finished.database, finished.clock, "w-2", 10).end(other, Change.CANCELLED)
        answer = client.get(f"/compare.{form}", params={"runs": f"{drawn},{queued}"})
        assert (409, True) == (answer.status_code, "is cancelled" in answer.json()["detail"])

    def test_epochs_before_the_first_are_left_out(self, client: httpx.Client, finished: Finished) -> None:
        runs = ",".join(finished.claimed("sentiment", LOSSES).run_id for _ in range(2))

        whole, part = (client.get("/compare.svg", params={"runs": runs, "first_epoch": n}) for n in (1, 2))

        assert [200, 200] == [whole.status_code, part.status_code]
        assert b"from epoch 2 on" in part.content
        assert b"from epoch" not in whole.content
        assert 409 == client.get("/compare.svg", params={"runs": runs, "first_epoch": 3}).status_code
        for number in ("0", "10001", "x"):
            answer = client.get("/compare.svg", params={"runs": runs, "first_epoch": number})
            assert (422, "first_epoch") == (answer.status_code, answer.json()["errors"][0]["field"])

    def test_runs_with_different_figures_have_no_picture(self, client: httpx.Client, finished: Finished) -> None:
        several = recipe("newswire", head="multilabel", loss="binary_crossentropy")
        runs = [finished.claimed("newswire", LOSSES, **changes).run_id for changes in ({}, {"recipe": several})]

        answer = client.get("/compare.svg", params={"runs": ",".join(runs)})

        assert (422, ["runs"]) == (answer.status_code, [error["field"] for error in answer.json()["errors"]])
        assert "accuracy, f1" in answer.json()["detail"]
        assert 200 == client.get("/compare", params={"runs": ",".join(runs)}).status_code

    def test_one_figure_of_all(self, client: httpx.Client, finished: Finished) -> None:
        held_out = [{"loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7}] * 3
        l1, l2 = (
            recipe("sentiment", layers=(layer,)) for layer in (Dense(units=4, l1=0.001), Dense(units=4, l2=0.001))
        )
        runs = [
            finished.claimed("sentiment", held_out, **changes).run_id for changes in ({"recipe": l1}, {"recipe": l2})
        ]
        bare = finished.claimed("sentiment", LOSSES).run_id

        for only, heading in (("val_loss", "validation loss"), ("accuracy", "training accuracy")):
            answer = client.get("/compare.svg", params={"runs": ",".join(runs), "only": only})
            found = " ".join(ET.fromstring(answer.content).itertext())
            assert all(word in found for word in (heading, "baseline, L1 0.001", "baseline, L2 0.001"))
        for only, field in (("mae", "only"), ("val_f1", "only"), ("horoscope", "only")):
            answer = client.get("/compare.svg", params={"runs": ",".join(runs), "only": only})
            assert (422, [field]) == (answer.status_code, [error["field"] for error in answer.json()["errors"]])
        answer = client.get("/compare.svg", params={"runs": f"{runs[0]},{bare}", "only": "val_loss"})
        assert (409, True) == (answer.status_code, f"run {bare} has no val_loss" in answer.json()["detail"])

    def test_an_unknown_form_is_refused(self, client: httpx.Client) -> None:
        answer = client.get("/compare.gif", params={"runs": "r-1,r-2"})

        assert (422, "form") == (answer.status_code, answer.json()["errors"][0]["field"])


class TestBoundaries:
    """`/compare/boundaries.svg` and `.png`."""

    @pytest.mark.parametrize("form", ["svg", "png"])
    def test_models_of_the_plane_side_by_side(self, client: httpx.Client, finished: Finished, form: str) -> None:
        layers = {units: recipe("planar", layers=(Dense(units=units),)) for units in (1, 3, 50)}
        right = f"accuracy {answers_of('planar').right().mean():.1%}"
        runs = [finished.run("planar", answers_of("planar"), recipe=made) for made in layers.values()]

        answer = client.get(f"/compare/boundaries.{form}", params={"runs": ",".join(runs)})

        assert 200 == answer.status_code, answer.text
        if form == "svg":
            found = " ".join(ET.fromstring(answer.content).itertext())
            for word in ("planar: boundaries on sample", "baseline, 1 unit", "baseline, 50 units", right):
                assert word in found

    def test_who_has_none_is_told(self, client: httpx.Client, finished: Finished) -> None:
        one = finished.run("planar", answers_of("planar"))
        without = {
            finished.run("planar", None): (409, "no model with answers"),
            finished.claimed("planar").run_id: (409, "is running"),
            finished.run("housing", answers_of("housing")): (422, "only runs of one task"),
            "r-nobody": (404, "r-nobody"),
        }

        for other, (status, said) in without.items():
            answer = client.get("/compare/boundaries.svg", params={"runs": f"{one},{other}"})
            assert (status, True) == (answer.status_code, said in answer.json()["detail"]), answer.text
        pair = [finished.run("housing", answers_of("housing"), seed=seed) for seed in (1, 2)]
        answer = client.get("/compare/boundaries.svg", params={"runs": ",".join(pair)})
        assert (422, "runs") == (answer.status_code, answer.json()["errors"][0]["field"])
        assert 422 == client.get("/compare/portraits.svg", params={"runs": ",".join(pair)}).status_code


def test_a_comparison_names_its_pictures_and_its_runs(client: httpx.Client, finished: Finished) -> None:
    """None before all runs have succeeded; those that it names are there."""
    held_out = [{"loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7}]
    figures = {"accuracy": 0.8, "loss": 1.0}
    runs = [
        finished.run(
            "planar", answers_of("planar"), held_out, seed=seed, metrics=Metrics(test=figures, validation=figures)
        )
        for seed in (1, 2)
    ]

    found = compare(client, *runs)

    assert ["baseline, seed 1", "baseline, seed 2"] == [run["label"] for run in found["runs"]]
    assert ["Curves", "Validation loss", "Boundaries", "Training points"] == [one["title"] for one in found["pictures"]]
    for one in found["pictures"]:
        assert "image/svg+xml" == client.get(f"/{one['path']}").headers["content-type"]
    going = finished.claimed("planar", held_out).run_id
    assert [] == compare(client, runs[0], going)["pictures"]


def test_nothing_is_drawn_of_models_that_trials_of_a_sweep_do_not_have(
    client: httpx.Client, finished: Finished
) -> None:
    trials = [finished.claimed("planar", LOSSES) for _ in range(2)]
    for trial in trials:
        trial.measured(Metrics(validation={"accuracy": 0.8, "loss": 1.0}))

    found = compare(client, *(trial.run_id for trial in trials))

    assert ["Curves", "Validation loss", "Training points"] == [one["title"] for one in found["pictures"]]
