"""Stories: optional headlines, topics and the best of them."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.domain.texts import MultiHot
from app.encoding.multi_hot import TextEncoder
from app.encoding.rows import SparseRows, dense
from app.errors import DatasetInvalid
from app.wire.declarations import Label
from app.wire.predictions import Options
from tests.support.tasks import TASKS, rows_of

TASK = TASKS.get("newswire")

# As listed for keras.datasets.reuters: the position is the class number.
KERAS_TOPICS = [
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar",
    "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp",
    "meal-feed", "alum", "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi", "iron-steel",
    "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog", "lead",
]  # fmt: skip


def decoded(outputs: list[float], labels: list[str], top_k: int = 5) -> dict[str, Any]:
    encoded = TextEncoder(["oil"], 10, TASK.input_columns).encode({"text": ["oil up"], "title": [None]})
    answer: dict[str, Any]
    (answer,) = TASK.decode(np.array([outputs], dtype=np.float32), encoded, labels, Options(top_k=top_k))
    return answer


def label_set(*stories: list[Any]) -> list[Label]:
    return TASK.label_set(stories, "multilabel")


def targets(stories: list[list[str]], *labels: str) -> list[list[float]]:
    matrix = TASK.targets(stories, labels, "multilabel")
    assert ((len(stories), len(labels)), np.dtype(np.float32)) == (matrix.shape, matrix.dtype)
    found: list[list[float]] = matrix.tolist()
    return found


def test_topics_are_numbered_as_in_keras() -> None:
    assert 46 == len(TASK.labels)
    assert KERAS_TOPICS == list(TASK.labels)


def test_the_best_topics_come_best_first() -> None:
    answer = decoded([0.1, 0.6, 0.05, 0.25], ["cocoa", "grain", "earn", "acq"], top_k=3)

    assert [("grain", 0.6), ("acq", 0.25), ("cocoa", 0.1)] == [(t["label"], t["probability"]) for t in answer["top"]]
    assert ("grain", 0.6) == (answer["label"], answer["probability"])


def test_equally_probable_topics_keep_their_order() -> None:
    answer = decoded([0.2, 0.3, 0.3, 0.2], ["cocoa", "grain", "earn", "acq"], top_k=4)

    assert ["grain", "earn", "cocoa", "acq"] == [topic["label"] for topic in answer["top"]]


@pytest.mark.parametrize(("top_k", "listed"), [(1, 1), (2, 2), (3, 3), (4, 3), (100, 3)])
def test_no_more_topics_are_listed_than_there_are(top_k: int, listed: int) -> None:
    assert listed == len(decoded([0.2, 0.5, 0.3], ["cocoa", "grain", "earn"], top_k)["top"])


@pytest.mark.parametrize("top_k", [0, 101, -1, 1.5, "5", True, None])
def test_top_k_has_limits(top_k: Any) -> None:
    with pytest.raises(ValidationError, match="top_k"):
        Options(top_k=top_k)


def test_a_topic_alone_is_the_list_of_topics() -> None:
    """Of probabilities that add up to 1 only one can be more than a half, and maybe none is."""
    assert ["grain"] == decoded([0.1, 0.7, 0.2], ["cocoa", "grain", "earn"])["labels"]
    assert [] == decoded([0.3, 0.4, 0.3], ["cocoa", "grain", "earn"])["labels"]


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [
        ([0.9, 0.1, 0.2, 0.1], ["cocoa"]),
        ([0.8, 0.1, 0.9, 0.1], ["earn", "cocoa"]),
        ([0.6, 0.9, 0.7, 0.8], ["grain", "acq", "earn", "cocoa"]),
        ([0.1, 0.4, 0.3, 0.2], []),
        ([0.0, 0.0, 0.0, 0.0], []),
        ([0.5, 0.1, 0.9, 0.5], ["earn"]),
        ([1.0, 1.0, 1.0, 1.0], ["cocoa", "grain", "earn", "acq"]),
    ],
)
def test_a_multilabel_model_gives_every_topic_above_a_half(outputs: list[float], labels: list[str]) -> None:
    """Best first, and strictly above, as the F1 score of the same model counts."""
    answer = decoded(outputs, ["cocoa", "grain", "earn", "acq"])

    assert labels == answer["labels"]
    assert answer["label"] == answer["top"][0]["label"]
    assert pytest.approx(max(outputs), abs=1e-6) == answer["probability"]


@pytest.mark.parametrize("top_k", [1, 2, 100])
def test_top_k_does_not_shorten_the_topics_given(top_k: int) -> None:
    answer = decoded([0.6, 0.9, 0.7], ["cocoa", "grain", "earn"], top_k)

    assert ["grain", "earn", "cocoa"] == answer["labels"]
    assert min(top_k, 3) == len(answer["top"])


def test_a_multilabel_model_answers_with_topics_of_its_dataset() -> None:
    """Also with those that the task itself does not know."""
    answer = decoded([0.2, 0.9, 0.8], ["cocoa", "rapeseed", "yen"])

    assert ("rapeseed", ["rapeseed", "yen"]) == (answer["label"], answer["labels"])


def test_several_topics_are_learnt_from_a_column_of_their_own() -> None:
    assert ("label", "topics") == (TASK.target_of("multiclass"), TASK.target_of("multilabel"))


def test_the_samples_topics_are_its_labels() -> None:
    rows = rows_of(TASK, "sample")

    assert [[label] for label in rows["label"]] == rows["topics"]


def test_labels_of_lists_are_in_the_tasks_order() -> None:
    assert ["cocoa", "grain", "earn"] == label_set(["earn", "cocoa"], ["grain"], ["earn"])


def test_labels_beyond_the_tasks_own_come_last_in_alphabetical_order() -> None:
    assert ["cocoa", "lead", "dmk", "rapeseed", "yen"] == label_set(
        ["yen", "lead"], ["rapeseed", "cocoa"], ["dmk", "yen"]
    )
    assert ["dmk", "yen"] == label_set(["yen"], ["dmk"])


def test_the_order_of_labels_does_not_depend_on_that_of_the_rows() -> None:
    stories = [["yen", "lead"], ["rapeseed", "cocoa"], [], ["dmk"]]

    assert label_set(*stories) == label_set(*stories[::-1])


def test_stories_without_topics_are_rows_like_others() -> None:
    assert ["cocoa", "grain"] == label_set([], ["grain"], [], ["cocoa"])


@pytest.mark.parametrize("stories", [[], [[]], [["cocoa"]], [["cocoa"], [], ["cocoa", "cocoa"]], [["yen"]]])
def test_a_single_topic_is_nothing_to_learn(stories: list[list[str]]) -> None:
    with pytest.raises(DatasetInvalid, match="needs at least two labels in the training split"):
        label_set(*stories)


def test_targets_have_a_one_for_each_topic_of_a_story() -> None:
    stories = [["cocoa"], ["earn", "cocoa"], [], ["grain", "grain"]]

    assert [[1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 0]] == targets(stories, "cocoa", "grain", "earn")


def test_topics_that_training_never_saw_are_left_out() -> None:
    """A test split may hold some: a story keeps its other topics, and may be left with none."""
    assert [[1, 0], [0, 0], [0, 1]] == targets([["cocoa", "yen"], ["yen"], ["dmk", "grain"]], "cocoa", "grain")


def test_no_stories_have_no_targets() -> None:
    assert [] == targets([], "cocoa", "grain")


def test_arrays_of_topics_are_as_good_as_lists() -> None:
    stories: Any = [np.array(["earn", "cocoa"], dtype=object), np.array([], dtype=object), ("cocoa",)]

    assert ["cocoa", "earn"] == TASK.label_set(stories, "multilabel")
    assert [[1, 1], [0, 0], [1, 0]] == targets(stories, "cocoa", "earn")


def test_a_multilabel_network_has_a_unit_for_each_topic_of_its_dataset() -> None:
    assert 46 == TASK.output_units("multilabel")
    assert 90 == TASK.output_units("multilabel", 90)


def test_a_model_of_fewer_topics_answers_with_its_own() -> None:
    """Its labels come from its manifest; the sample has eight topics."""
    assert "lead" == decoded([0.1, 0.9], ["cocoa", "lead"])["label"]


@pytest.mark.parametrize("title", [None, ""])
def test_a_missing_headline_counts_as_empty(title: str | None) -> None:
    encoder = TextEncoder(["oil", "up"], 10, TASK.input_columns)
    rows = encoder.encode(TASK.columns([TASK.Input(text="oil up", title=title), TASK.Input(text="oil up")]))

    assert isinstance(rows, SparseRows)
    assert [1, 4, 5] * 2 == rows.indices.tolist()
    assert [1.0, 1.0] == rows.known.tolist()


def test_words_of_the_headline_count() -> None:
    encoder = TextEncoder(["oil", "up"], 10, TASK.input_columns)
    rows = encoder.encode(TASK.columns([TASK.Input(title="OIL", text="up"), TASK.Input(text="up")]))

    assert [[1, 4, 5], [1, 5]] == [np.flatnonzero(row).tolist() for row in dense(rows)]


def test_a_dataset_without_headlines_can_be_learnt() -> None:
    """The published file has none."""
    encoder = TASK.fit_encoder(MultiHot(words=10), {"title": [None, None], "text": ["oil up", "oil"]})

    assert isinstance(encoder, TextEncoder)
    assert ["oil", "up"] == encoder.vocabulary


def test_the_headline_is_limited() -> None:
    assert "x" * 1000 == TASK.Input(text="oil", title="x" * 1000).title
    with pytest.raises(ValidationError, match="title"):
        TASK.Input(text="oil", title="x" * 1001)
