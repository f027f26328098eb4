"""Stories: optional headlines, topics and the best of them."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.domain.recipes import MultiHot
from app.tasks import registry
from app.tasks._rows import SparseRows, dense
from app.tasks._text import TextEncoder
from app.tasks.base import Options
from app.tasks.newswire import StoryInput, StoryPrediction

TASK = registry.get("newswire")

# As listed for keras.datasets.reuters: the position is the class number.
KERAS_TOPICS = [
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar",
    "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp",
    "meal-feed", "alum", "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi", "iron-steel",
    "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog", "lead",
]  # fmt: skip


def decoded(outputs: list[float], labels: list[str], top_k: int = 5) -> StoryPrediction:
    encoded = TextEncoder(["oil"], 10, TASK.input_columns).encode({"text": ["oil up"], "title": [None]})
    (answer,) = TASK.decode(np.array([outputs], dtype=np.float32), encoded, labels, Options(top_k=top_k))
    assert isinstance(answer, StoryPrediction)
    return answer


def test_topics_are_numbered_as_in_keras() -> None:
    assert 46 == len(TASK.labels)
    assert KERAS_TOPICS == list(TASK.labels)


def test_the_best_topics_come_best_first() -> None:
    answer = decoded([0.1, 0.6, 0.05, 0.25], ["cocoa", "grain", "earn", "acq"], top_k=3)

    assert [("grain", 0.6), ("acq", 0.25), ("cocoa", 0.1)] == [(t.label, t.probability) for t in answer.top]
    assert ("grain", 0.6) == (answer.label, answer.probability)


def test_equally_probable_topics_keep_their_order() -> None:
    answer = decoded([0.2, 0.3, 0.3, 0.2], ["cocoa", "grain", "earn", "acq"], top_k=4)

    assert ["grain", "earn", "cocoa", "acq"] == [topic.label for topic in answer.top]


@pytest.mark.parametrize(("top_k", "listed"), [(1, 1), (2, 2), (3, 3), (4, 3), (100, 3)])
def test_no_more_topics_are_listed_than_there_are(top_k: int, listed: int) -> None:
    assert listed == len(decoded([0.2, 0.5, 0.3], ["cocoa", "grain", "earn"], top_k).top)


@pytest.mark.parametrize("top_k", [0, 101, -1, 1.0, "5", True, None])
def test_top_k_has_limits(top_k: Any) -> None:
    with pytest.raises(ValidationError, match="top_k"):
        Options(top_k=top_k)


def test_a_model_of_fewer_topics_answers_with_its_own() -> None:
    """Its labels come from its manifest; the sample has eight topics."""
    assert "lead" == decoded([0.1, 0.9], ["cocoa", "lead"]).label


@pytest.mark.parametrize("title", [None, ""])
def test_a_missing_headline_counts_as_empty(title: str | None) -> None:
    encoder = TextEncoder(["oil", "up"], 10, TASK.input_columns)
    rows = encoder.encode(TASK.columns([StoryInput(text="oil up", title=title), StoryInput(text="oil up")]))

    assert isinstance(rows, SparseRows)
    assert [1, 4, 5] * 2 == rows.indices.tolist()
    assert [1.0, 1.0] == rows.known.tolist()


def test_words_of_the_headline_count() -> None:
    encoder = TextEncoder(["oil", "up"], 10, TASK.input_columns)
    rows = encoder.encode(TASK.columns([StoryInput(title="OIL", text="up"), StoryInput(text="up")]))

    assert [[1, 4, 5], [1, 5]] == [np.flatnonzero(row).tolist() for row in dense(rows)]


def test_a_dataset_without_headlines_can_be_learnt() -> None:
    """The published file has none."""
    encoder = TASK.fit_encoder(MultiHot(words=10), {"title": [None, None], "text": ["oil up", "oil"]})

    assert isinstance(encoder, TextEncoder)
    assert ["oil", "up"] == encoder.vocabulary


def test_the_headline_is_limited() -> None:
    assert "x" * 1000 == StoryInput(text="oil", title="x" * 1000).title
    with pytest.raises(ValidationError, match="title"):
        StoryInput(text="oil", title="x" * 1001)
