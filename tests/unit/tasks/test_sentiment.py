"""Reviews: input limits and how a probability becomes an answer."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.encoding.multi_hot import TextEncoder
from app.wire.declarations import MOST_CHARACTERS
from app.wire.predictions import Options
from tests.support.tasks import TASKS

TASK = TASKS.get("sentiment")


def decoded(*outputs: float) -> list[dict[str, Any]]:
    encoded = TextEncoder(["good"], 10, ("text",)).encode({"text": ["good film"] * len(outputs)})
    column = np.array(outputs, dtype=np.float32).reshape(-1, 1)
    return TASK.decode(column, encoded, TASK.labels, Options())


def test_labels_are_in_keras_order() -> None:
    """Unit 1 means positive."""
    assert ("negative", "positive") == TASK.labels
    for head in TASK.heads:
        np.testing.assert_array_equal([1, 0], TASK.targets(["positive", "negative"], TASK.labels, head))


def test_the_probability_is_that_of_the_label() -> None:
    positive, negative = decoded(0.97, 0.03)

    assert ("positive", 0.97) == (positive["label"], positive["probability"])
    assert ("negative", 0.97) == (negative["label"], negative["probability"])
    assert {"negative": 0.03, "positive": 0.97} == positive["probabilities"]
    assert {"negative": 0.97, "positive": 0.03} == negative["probabilities"]


def test_half_is_not_more_than_half() -> None:
    """As `round(0.5)` and Keras' binary accuracy have it."""
    (undecided,) = decoded(0.5)

    assert ("negative", 0.5) == (undecided["label"], undecided["probability"])


@pytest.mark.parametrize("output", [0.0, 1e-30, 1e-7, 0.1234565, 0.49999997, 0.50000006, 0.9999999, 1.0])
def test_both_probabilities_add_up_to_one(output: float) -> None:
    (answer,) = decoded(output)

    assert pytest.approx(1.0, abs=1e-9) == sum(answer["probabilities"].values())
    assert max(answer["probabilities"].values()) == answer["probability"]
    assert answer["probabilities"][answer["label"]] == answer["probability"]


def test_known_words_are_told() -> None:
    assert [0.5, 0.5] == [answer["known_words"] for answer in decoded(0.1, 0.9)]


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u00a0", 7, None, ["good"], "\ud800", "x" * (MOST_CHARACTERS + 1)])
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        TASK.Input.model_validate({"text": text})

    assert [("text",)] == [error["loc"] for error in caught.value.errors()]


def test_the_longest_text_is_accepted() -> None:
    assert MOST_CHARACTERS == len(TASK.Input(text="x" * MOST_CHARACTERS).text)
