"""Whether a new model becomes active: against the best of its task, on the same rows."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from app.artifacts.store import ArtifactStore
from app.domain.runs import Activate
from app.errors import ArtifactInvalid, Unusable
from app.services.verdict import MOST_OTHER, MOST_SAME, Verdict, judge
from app.wire.manifests import Manifest
from tests.support.artifacts import publish_artifact

DATASET = "boston_housing"  # measured by mean absolute error: less is better


class Bench:
    """A new model of a mean error of 3.0, its task's other models, and what they score on its rows."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self.asked: list[str] = []

    def manifest(self, *, is_sample: bool = False) -> Manifest:
        return publish_artifact(self._store, "housing", test_metric=3.0, is_sample=is_sample)

    def judge(
        self,
        *rows: Any,
        scores: Mapping[str, float | None] | None = None,
        is_sample: bool = False,
        activate: Activate = "if_better",
    ) -> Verdict:
        """The first row is the active model's; a model without a score has files that are damaged."""

        def score(model_id: str) -> float | None:
            self.asked.append(model_id)
            known: dict[str, float | None] = {row.id: row.metrics["test"].get("mae") for row in rows} | dict(
                scores or {}
            )
            if known[model_id] == -1:
                raise ArtifactInvalid(f"weights.npz of model {model_id} does not have its checksum")
            return known[model_id]

        active = rows[0] if rows else None
        return judge(self.manifest(is_sample=is_sample), activate, active, rows[1:], score)


def model(name: str, mae: float | None, *, dataset: str = DATASET, is_sample: bool = False) -> Any:
    metrics = {"test": {} if mae is None else {"mae": mae}}
    return SimpleNamespace(id=name, version=7, dataset=dataset, dataset_is_sample=is_sample, metrics=metrics)


def toy(name: str, mae: float) -> Any:
    return model(name, mae, dataset="sample", is_sample=True)


@pytest.fixture
def bench(store: ArtifactStore) -> Bench:
    return Bench(store)


def test_it_has_to_be_better_than_the_best_and_not_only_than_the_active_one(bench: Bench) -> None:
    verdict = bench.judge(model("m-active", 4.0), model("m-best", 2.5), model("m-worse", 9.0))

    assert not verdict.activate
    assert "is 3.0000, not better than 2.5000 of model m-best (version 7)" in verdict.reason


def test_better_than_all_is_better(bench: Bench) -> None:
    verdict = bench.judge(model("m-active", 4.0), model("m-other", 3.1))

    assert verdict == Verdict(True, f"test mae on {DATASET} is 3.0000, better than 3.1000 of model m-other (version 7)")


@pytest.mark.parametrize("rows", [[model("m-a", 3.0)], [model("m-a", 4.0), model("m-b", 3.0)]], ids=len)
def test_a_tie_is_not_better(bench: Bench, rows: list[Any]) -> None:
    assert not bench.judge(*rows).activate


def test_models_of_other_rows_are_measured_on_these(bench: Bench) -> None:
    """What they claim is about other rows; the active one is measured in any case, of the others a few."""
    others = [model(f"m-{n}", n / 10, dataset=f"data-{n % 6}") for n in range(1, 30)]
    scores = dict.fromkeys((row.id for row in others), 9.0) | {"m-active": 5.0}

    assert bench.judge(model("m-active", 0.1, dataset="elsewhere"), *others, scores=scores).activate
    assert 1 + MOST_OTHER == len(bench.asked)
    assert "m-active" == bench.asked[0]
    assert ["m-1", "m-2", "m-3"] == bench.asked[1:], "each the best of its own dataset, and those the best"
    best = scores | dict.fromkeys(bench.asked[1:2], 2.0)
    assert not bench.judge(model("m-active", 0.1, dataset="elsewhere"), *others, scores=best).activate


def test_the_best_of_the_same_rows_is_enough(bench: Bench) -> None:
    """A thousand models cost no more than one."""
    bench.judge(model("m-active", 4.0), *[model(f"m-{n}", 2.0 + n) for n in range(1_000)])

    assert ["m-active", "m-0"] == bench.asked


def test_damaged_models_are_no_rivals(bench: Bench) -> None:
    """The next best takes their place; after a few it is enough."""
    damaged = [model(f"m-{n}", 1.0 + n / 100) for n in range(20)]
    scores = {row.id: -1.0 for row in damaged}

    assert not bench.judge(model("m-active", 2.0), *damaged, scores=scores).activate
    assert 1 + MOST_SAME == len(bench.asked)
    assert bench.judge(model("m-active", 4.0), *damaged, scores=scores).activate


@pytest.mark.parametrize("other", [None, 4.0, 2.0])
def test_a_damaged_active_model_is_replaced(bench: Bench, other: float | None) -> None:
    """It cannot answer; that another one is better still is told."""
    rows = [model("m-active", 0.1), *([model("m-other", other)] if other else [])]

    verdict = bench.judge(*rows, scores={"m-active": -1.0})

    assert verdict.activate
    assert "m-active (version 7) was active, and cannot be loaded: weights.npz" in verdict.reason
    assert (other == 2.0) == ("m-other (version 7), which can be activated by hand" in verdict.reason)


@pytest.mark.parametrize("other", [None, 4.0, 2.0])
def test_an_active_toy_is_replaced_by_a_model_of_real_data(bench: Bench, other: float | None) -> None:
    """However well it does on these rows: nobody asked for it to stay."""
    rows = [toy("m-toy", 0.1), *([model("m-other", other)] if other else []), toy("m-toy-2", 0.1)]

    verdict = bench.judge(*rows, scores={"m-toy": 0.1, "m-toy-2": 0.1})

    assert verdict.activate
    assert "m-toy (version 7) was active, and is of the sample" in verdict.reason
    assert "m-toy" not in bench.asked


def test_a_toy_replaces_no_model_of_real_data(bench: Bench) -> None:
    """Not even a damaged one, or one that does worse on the sample's rows."""
    for score in (9.0, -1.0):
        verdict = bench.judge(model("m-active", 1.0), scores={"m-active": score}, is_sample=True)

        assert not verdict.activate
        assert "only if asked with always" in verdict.reason


def test_a_toy_that_is_asked_for_with_always_says_whose_place_it_takes(bench: Bench) -> None:
    verdict = bench.judge(model("m-active", 1.0), is_sample=True, activate="always")

    assert verdict.activate
    assert "always was asked for" in verdict.reason
    assert "not of real data, and takes the place of model m-active" in verdict.reason
    assert "sample" not in bench.judge(toy("m-toy", 1.0), is_sample=True, activate="always").reason
    assert Verdict(True, "always was asked for") == bench.judge(model("m-active", 1.0), activate="always")


def test_among_toys_the_best_counts(bench: Bench) -> None:
    assert bench.judge(toy("m-toy", 4.0), toy("m-2", 3.5), is_sample=True).activate
    assert not bench.judge(toy("m-toy", 4.0), toy("m-2", 2.5), is_sample=True).activate


def test_an_active_model_of_another_head_is_put_aside_by_hand_only(bench: Bench) -> None:
    verdict = bench.judge(model("m-active", None), model("m-other", 9.0))

    assert not verdict.activate
    assert "another head" in verdict.reason


def test_without_an_active_model_it_becomes_active(bench: Bench) -> None:
    assert Verdict(True, "the task had no active model") == bench.judge()
    assert Verdict(False, "never was asked for") == bench.judge(activate="never")


def test_what_this_worker_cannot_load_is_told_and_keeps_its_place(store: ArtifactStore) -> None:
    """It is no outage of the database, which a run would wait for; the model is published all the same."""

    def score(_: str) -> float | None:
        raise Unusable("the object store refuses")

    manifest = publish_artifact(store, "housing", test_metric=3.0)
    verdict = judge(manifest, "if_better", model("m-active", 4.0), [], score)

    assert not verdict.activate
    assert "cannot load: the object store refuses; activate it by hand" in verdict.reason
