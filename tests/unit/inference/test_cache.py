"""Predictors in memory: the active ones always, of the others the most recently used."""

import threading

import pytest

from app.artifacts.store import Artifact, ArtifactStore
from app.inference.cache import PredictorCache
from app.inference.predictor import Predictor
from tests.support.artifacts import publish_artifact
from tests.support.tasks import TASKS


@pytest.fixture
def artifact(store: ArtifactStore) -> Artifact:
    return store.open("housing", publish_artifact(store, "housing").id)


@pytest.fixture
def predictors(artifact: Artifact) -> list[Predictor]:
    """Five of them, with ids m-0 to m-4."""
    made = []
    for number in range(5):
        manifest = artifact.manifest.model_copy(update={"id": f"m-{number}"})
        renamed = Artifact(manifest, artifact.weights, artifact.preprocessing)
        made.append(Predictor(TASKS.get("housing"), renamed, number))
    return made


def kept(cache: PredictorCache, predictors: list[Predictor]) -> list[str]:
    """Ids in memory; looking changes the order of use."""
    return [p.manifest.id for p in predictors if cache.get(p.manifest.id) is p]


def test_an_empty_cache_has_nothing() -> None:
    cache = PredictorCache(2)

    assert cache.get("m-0") is None
    assert {} == cache.active
    assert {} == cache.broken


def test_the_oldest_is_dropped_first(predictors: list[Predictor]) -> None:
    cache = PredictorCache(2)
    for predictor in predictors[:3]:
        cache.add(predictor)

    assert ["m-1", "m-2"] == kept(cache, predictors)


def test_one_that_was_asked_for_counts_as_new(predictors: list[Predictor]) -> None:
    cache = PredictorCache(2)
    cache.add(predictors[0])
    cache.add(predictors[1])
    cache.get("m-0")
    cache.add(predictors[2])

    assert ["m-0", "m-2"] == kept(cache, predictors)


def test_one_that_is_added_again_counts_as_new(predictors: list[Predictor]) -> None:
    cache = PredictorCache(2)
    for number in (0, 1, 0, 2):
        cache.add(predictors[number])

    assert ["m-0", "m-2"] == kept(cache, predictors)


def test_asking_for_what_is_not_there_changes_nothing(predictors: list[Predictor]) -> None:
    cache = PredictorCache(2)
    cache.add(predictors[0])
    cache.add(predictors[1])

    assert cache.get("m-4") is None
    assert ["m-0", "m-1"] == kept(cache, predictors)


def test_active_ones_are_kept_besides(predictors: list[Predictor]) -> None:
    """They are never dropped, however many others are asked for."""
    cache = PredictorCache(1)
    cache.set_active({"housing": predictors[0]}, {})
    for predictor in predictors[1:]:
        cache.add(predictor)

    assert ["m-0", "m-4"] == kept(cache, predictors)


def test_the_active_ones_are_replaced_together(predictors: list[Predictor]) -> None:
    cache = PredictorCache(1)
    cache.set_active({"housing": predictors[0], "digits": predictors[1]}, {})
    before = cache.active
    cache.set_active({"housing": predictors[2]}, {"digits": "a file is missing"})

    assert {"housing": predictors[2]} == cache.active
    assert {"digits": "a file is missing"} == cache.broken
    assert {"housing": predictors[0], "digits": predictors[1]} == before  # whoever read it still has a whole one
    assert ["m-2"] == kept(cache, predictors)


def test_many_threads_may_add_and_ask(predictors: list[Predictor]) -> None:
    """The bound holds, and nobody gets a predictor that was not asked for."""
    cache = PredictorCache(2)
    wrong: list[str] = []

    def use(start: int) -> None:
        for step in range(2_000):
            predictor = predictors[(start + step) % 5]
            cache.add(predictor)
            found = cache.get(predictors[(start + 2 * step) % 5].manifest.id)
            if found is not None and found is not predictors[(start + 2 * step) % 5]:
                wrong.append(found.manifest.id)

    threads = [threading.Thread(target=use, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong
    assert 2 == len(kept(cache, predictors))
