"""Answers that are one of several labels."""

import numpy as np

from app.kinds.labels import LabelAnswers
from app.wire.declarations import OneOf
from app.wire.predictions import Options

NAMES = ("circle", "square", "star")


def test_all_that_an_answer_tells_is_less_sure_where_its_input_was_hard_to_read() -> None:
    """Also of a task of pictures whose labels have names, or that ranks them."""
    answers = LabelAnswers(OneOf(labels=NAMES, shows=("labels", "top", "probabilities")))
    options = Options(top_k=2, min_confidence=0.65)
    (answer,) = answers.decode(np.array([[0.1, 0.8, 0.1]], np.float32), NAMES, options, None)
    assert ("square", ["square"], False) == (answer["label"], answer["labels"], answer["abstained"])

    answers.soften(answer, 0.5, options)

    assert 0.566667 == answer["probability"] == answer["probabilities"]["square"] == answer["top"][0]["probability"]
    assert 0.216667 == answer["probabilities"]["circle"] == answer["top"][1]["probability"]
    assert (None, True) == (answer["label"], answer["abstained"])
    assert ["square"] == answer["labels"], "still more probable than not"

    answers.soften(answer, 0.5, options)
    assert [] == answer["labels"]
