"""Novelty: what the measures say of rows near and far, and what an answer makes of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.artifacts.store import Artifact, ArtifactStore
from app.domain.word_ids import FIRST_WORD
from app.encoding.multi_hot import TextEncoder
from app.encoding.rows import ByteRows
from app.errors import ArtifactInvalid, InvalidInput
from app.inference.distance import Distance
from app.inference.novelty import Measure, Novelty, Strangeness, measure_from
from app.inference.predictor import Predictor
from app.inference.within import Within
from app.kinds.base import Task
from app.wire.manifests import NoveltyRecord
from app.wire.predictions import Options
from tests.support.artifacts import publish_artifact
from tests.support.tasks import TASKS

RECORD = NoveltyRecord(rows=4, limit=0.9, shares=[0.0, 0.9, 1.0], scores=[0.0, 1.0, 2.0], false_alarms=0.0)


def distance() -> Distance:
    """Of three numbers: the first varies by 2 around 1, the others hardly, the last is told in tenths."""
    mean, scale = np.array([1, 0, 0], np.float32), np.array([1, 1, 0.1], np.float32)
    return Distance(mean, scale, np.array([[1], [0], [0]], np.float32), np.array([2], np.float32), 0.5)


def strangeness() -> Strangeness:
    """Two labels, which the first and the last of four words tell; of texts of any length the same is usual."""
    counts = np.array([50, 100, 20, 50], np.int32)
    found = Strangeness(FIRST_WORD, counts, 100, np.array([[0], [3]], np.int32), np.ones((2, 1), np.float32))
    found.settle(np.array([[0, 0, 0, 1, 0]] * 2, np.float32), (10.0, 1e9), 100.0)
    return found


ENCODER = TextEncoder(["good", "the", "odd", "bad"], 8, ["text"])


def scores(measure: Measure, *texts: str) -> list[float]:
    return measure.raw(ENCODER.encode({"text": texts}))


def test_a_distance_is_measured_in_the_deviations_of_its_direction() -> None:
    rows = np.array([[1, 0, 0], [3, 0, 0], [1, 0.5, 0], [1, 0, 0.05], [-3, 1, 0]], np.float32)

    found = np.square(distance().raw(rows)) * 3
    np.testing.assert_allclose(found, [0, 1, 1, 1, 8], atol=1e-5)


def test_a_wide_row_is_as_far_as_a_narrow_one() -> None:
    """By the two ways of reckoning; the further numbers stay where they are usual."""
    rng = np.random.default_rng(1)
    mean, scale = np.zeros(90, np.float32), np.ones(90, np.float32)
    scale[1] = 0.5
    directions = np.eye(90, 2, dtype=np.float32)
    rows = np.zeros((5, 90), np.float32)
    rows[:, :3] = rng.normal(size=(5, 3))

    wide = Distance(mean, scale, directions, np.array([3, 2], np.float32), 0.5).raw(rows)
    narrow = Distance(mean[:9], scale[:9], directions[:9], np.array([3, 2], np.float32), 0.5).raw(rows[:, :9])
    np.testing.assert_allclose(np.array(wide) * np.sqrt(10), narrow, rtol=1e-5)


def test_pictures_of_bytes_are_as_far_as_their_shares() -> None:
    rows = ByteRows(np.array([[255, 51, 0]], np.uint8), 255)
    assert distance().raw(rows) == pytest.approx(distance().raw(rows.dense()))
    assert 0 == len(distance().raw(np.zeros((0, 3), np.float32)))


def test_texts_of_rare_words_are_stranger_and_those_of_none_that_is_known_infinitely() -> None:
    usual, rare, partly, unknown = scores(strangeness(), "the good", "the odd", "the zxq", "zxq vqx")
    assert usual < rare < partly < unknown
    assert np.inf == unknown


def test_a_text_that_no_label_is_told_by_is_far_from_all() -> None:
    measure = strangeness()
    measure.settle(measure.fits, (1e9, 1.0), 100.0)
    told, untold = scores(measure, "good the", "odd the")
    assert told < untold


@pytest.mark.parametrize("measure", [distance(), strangeness()], ids=["distance", "strangeness"])
def test_a_measure_is_read_as_it_was_written(measure: Measure) -> None:
    again = measure_from(measure.arrays())
    rows: Any = np.ones((2, 3), np.float32)
    if isinstance(measure, Strangeness):
        rows = ENCODER.encode({"text": ["the bad", "odd zxq good"]})
    assert measure.raw(rows) == again.raw(rows)


def test_a_measure_whose_parts_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        measure_from(dict(distance().arrays()) | {"mean": np.zeros(2, np.float32)})
    with pytest.raises(ValueError, match="do not fit"):
        measure_from(dict(strangeness().arrays()) | {"words": np.array([[0], [4]], np.int32)})


def test_novelty_is_the_share_of_rows_that_score_less() -> None:
    class Fixed:
        def raw(self, rows: Any, hidden: Any = None) -> Any:
            del hidden
            return rows.tolist()

        def arrays(self) -> dict[str, Any]:
            return {}

    found = Novelty(Fixed(), RECORD).of(np.array([-1, 0, 0.5, 1, 1.5, 2, 9, np.inf]))
    assert [0.0, 0.0, 0.45, 0.9, 0.95, 1.0, 1.0, 1.0] == [share for share, _ in found]
    assert [False] * 7 + [True] == [is_unknown for _, is_unknown in found]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    store = ArtifactStore(tmp_path_factory.mktemp("models"))
    return {name: store.open(name, publish_artifact(store, name).id) for name in TASKS.all}


def asked(artifact: Artifact, options: Options, **fields: Any) -> dict[str, Any]:
    task: Task = TASKS.get(artifact.manifest.task)
    (found,) = Predictor(task, artifact, 1).predict([task.Input.model_validate(fields)], options)
    answer: dict[str, Any] = found
    return answer


def telling(artifact: Artifact, measure: Measure) -> Artifact:
    """The same artifact with a measure."""
    return replace(
        artifact, manifest=artifact.manifest.model_copy(update={"novelty": RECORD}), novelty=measure.arrays()
    )


def near_origin(width: int, rest: float = 0.5) -> Distance:
    ones = np.ones(width, np.float32)
    return Distance(0 * ones, ones, np.eye(width, 1, dtype=np.float32), np.array([rest], np.float32), rest)


def test_a_point_far_away_is_warned_of_and_has_no_label_where_that_is_asked_for(artifacts: dict[str, Artifact]) -> None:
    artifact = telling(artifacts["planar"], near_origin(2))

    near, far = asked(artifact, Options(), point=[0.1, 0]), asked(artifact, Options(), point=[500, 0])
    assert ([], 1.0) == (near["warnings"], far["novelty"])
    assert near["novelty"] < 0.2
    assert ["point"] == [each.field for each in far["warnings"]]
    assert "more so than 90%" in far["warnings"][0].message
    assert (False, False) == (near["abstained"], far["abstained"])
    abstained = asked(artifact, Options(max_novelty=0.99), point=[500, 0])
    assert (None, True) == (abstained["label"], abstained["abstained"])
    assert not asked(artifact, Options(max_novelty=1), point=[500, 0])["abstained"]


def test_a_text_without_one_known_word_has_no_label_unless_that_is_asked_for(artifacts: dict[str, Artifact]) -> None:
    artifact = artifacts["newswire"]
    width = Predictor(TASKS.get("newswire"), artifact, 1).encoder.width
    counts = np.full(width - FIRST_WORD, 5, np.int32)
    measure = Strangeness(FIRST_WORD, counts, 100, np.zeros((1, 1), np.int32), np.ones((1, 1), np.float32))
    measure.settle(np.array([[0, 0, 0, 1, 0]] * 2, np.float32), (1e9, 1e9), 100.0)
    telling_it = telling(artifact, measure)

    found = asked(telling_it, Options(), text="zxqv vqxz")
    assert (None, True, [], 1.0) == (found["label"], found["abstained"], found["labels"], found["novelty"])
    assert 1 == len(found["warnings"])
    assert not asked(telling_it, Options(max_novelty=1.0), text="zxqv vqxz")["abstained"]
    assert not asked(telling_it, Options(), text="the bank zxqv")["abstained"]
    assert "novelty" not in asked(artifact, Options(), text="zxqv vqxz")
    assert not asked(artifact, Options(), text="zxqv vqxz")["abstained"]


def test_models_without_a_measure_say_that_they_tell_no_novelty(artifacts: dict[str, Artifact]) -> None:
    example = TASKS.get("planar").example
    with pytest.raises(InvalidInput) as raised:
        asked(artifacts["planar"], Options(max_novelty=0.9), **example)
    assert "max_novelty" == raised.value.errors[0].field
    assert not asked(artifacts["planar"], Options(max_novelty=1), **example)["abstained"]


def test_a_value_is_told_however_novel_its_input_is(artifacts: dict[str, Artifact]) -> None:
    artifact, example = telling(artifacts["housing"], near_origin(13)), TASKS.get("housing").example
    assert "novelty" in asked(artifact, Options(), **example)
    with pytest.raises(InvalidInput) as raised:
        asked(artifact, Options(max_novelty=0.5), **example)
    assert "max_novelty" == raised.value.errors[0].field


def test_a_measure_that_cannot_be_read_makes_the_artifact_invalid(artifacts: dict[str, Artifact]) -> None:
    broken = replace(telling(artifacts["planar"], near_origin(2)), novelty={"mean": np.zeros(2, np.float32)})
    with pytest.raises(ArtifactInvalid, match="novelty"):
        asked(broken, Options(), point=[0, 0])
    with pytest.raises(ArtifactInvalid, match="example"):
        asked(telling(artifacts["planar"], near_origin(3)), Options(), point=[0, 0])


def within(usual: Any = ((0, 1), (0, 1), (0, 1))) -> Within:
    """Of a last hidden layer of three units, of which the first alone varies, before two logits."""
    head = (np.array([[1, 0], [0, 0], [0, 1]], np.float32), np.array([0, 0.5], np.float32))
    directions = np.array([[1], [0], [0]], np.float32)
    return Within(distance(), head, np.array([1, 0, 0], np.float32), directions, np.array(usual, np.float32))


def test_what_a_network_is_not_used_to_see_lies_across_what_varies() -> None:
    rows, hidden = np.array([[3, 0, 0]] * 3, np.float32), np.array([[9, 0, 0], [1, 3, 4], [1, 0, 0]], np.float32)

    found = within().parts(rows, hidden)
    assert distance().raw(rows) == [far for far, _, _ in found]
    np.testing.assert_allclose([residual for _, residual, _ in found], [0, 5, 0], atol=1e-5)
    np.testing.assert_allclose([weak for *_, weak in found], [-9, -4.5, -1])


def test_the_greater_distance_counts_and_half_of_how_weak_the_logits_are() -> None:
    measure = within(((1, 2), (10, 5), (-8, 4)))
    assert pytest.approx(2) == measure.score(5, 10, -8)
    assert pytest.approx(1) == measure.score(1, 15, -8)
    assert pytest.approx(1.5) == measure.score(1, 15, -4)


def test_a_measure_that_looks_within_is_kept_and_needs_its_network() -> None:
    measure, rows = within(), np.array([[3, 0, 0]], np.float32)
    hidden = np.array([[1, 3, 4]], np.float32)
    head = (np.array([[1, 0], [0, 0], [0, 1]], np.float32), np.array([0, 0.5], np.float32))

    assert measure.raw(rows, hidden) == measure_from(measure.arrays(), head).raw(rows, hidden)
    assert Novelty(measure, RECORD).looks_within
    with pytest.raises(ValueError, match="last layer"):
        measure_from(measure.arrays())
    with pytest.raises(ValueError, match="last layer"):
        measure_from(measure.arrays(), (head[0][:2], head[1]))
