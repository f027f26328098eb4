"""Whether the models that come along can be trusted where people use them: short remarks, and what is far off."""

import json
from typing import Any

import numpy as np
import pytest

from app.artifacts.store import ArtifactStore
from app.inference.predictor import Predictor
from app.training.calibrate import expected_calibration_error
from app.wire.predictions import Options
from tests.support import pages
from tests.support.tasks import TASKS

STORE = ArtifactStore(pages.ROOT / "models_store")


def predictor_of(task: str) -> Predictor:
    return Predictor(TASKS.get(task), STORE.open(task, STORE.bundled()[task]), version=1)


def lines_of(name: str) -> list[dict[str, Any]]:
    path = pages.ROOT / "tests" / "data" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def answers(task: str, texts: list[str], **options: Any) -> list[Any]:
    predictor = predictor_of(task)
    return predictor.predict([predictor.task.Input(text=text) for text in texts], Options(**options))


def test_hard_remarks_with_a_clear_verdict_are_mostly_judged_right() -> None:
    cases = [case for case in lines_of("hard_cases") if case["label"] != "mixed"]
    found = answers("sentiment", [case["text"] for case in cases], max_novelty=1)

    right = np.array([answer["label"] == case["label"] for answer, case in zip(found, cases, strict=True)])
    groups = np.array([case["group"] for case in cases])
    assert right.mean() > 0.8
    assert right[groups == "emoticons"].mean() > 0.95
    assert right[groups == "plain"].mean() > 0.9
    positive = np.array([[answer["probabilities"]["positive"]] for answer in found])
    target = np.array([case["label"] == "positive" for case in cases]).astype(np.int64)
    assert expected_calibration_error("binary", positive, target) < 0.1, "less sure than right, not more"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I hated it", "negative"),
        ("not good at all", "negative"),
        ("The film isn't good.", "negative"),
        ("Awesome!!! :)", "positive"),
        ("👎", "negative"),
        ("looooved it", "positive"),
    ],
)
def test_short_texts(text: str, label: str) -> None:
    (found,) = answers("sentiment", [text], max_novelty=1)

    assert label == found["label"]
    assert found["probability"] > 0.6


def test_what_is_no_newswire_is_told_and_what_is_one_is_not() -> None:
    limit = 0.99
    far = answers("newswire", [case["text"] for case in lines_of("general_news")])
    near = answers("newswire", [case["text"] for case in lines_of("newswire_like")])

    assert np.mean([answer["novelty"] > limit for answer in far]) > 0.8
    assert np.mean([answer["novelty"] > limit for answer in near]) < 0.1
    assert all(answer["warnings"] for answer in far if answer["novelty"] > limit)


def test_a_text_without_a_known_word_gets_no_label() -> None:
    (found,) = answers("sentiment", ["qwrtz zxcvb"])
    (insisted,) = answers("sentiment", ["qwrtz zxcvb"], max_novelty=1)

    assert found["abstained"]
    assert found["label"] is None
    assert not insisted["abstained"]


@pytest.mark.parametrize("task", ["sentiment", "newswire", "digits", "housing", "planar"])
def test_few_rows_of_the_test_split_count_as_far(task: str) -> None:
    novelty = STORE.open(task, STORE.bundled()[task]).manifest.novelty

    assert novelty is not None
    assert novelty.false_alarms <= 0.02
