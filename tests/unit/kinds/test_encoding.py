"""`encode` and `decode` of the tasks: how a model sees an input, and back."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.domain.recipes import Coordinates, Pixels
from app.domain.tables import Standardized
from app.domain.word_ids import START, UNKNOWN
from app.encoding.encoder import Encoder
from app.encoding.multi_hot import TextEncoder
from app.encoding.table import Standardizer
from app.errors import InvalidInput
from app.kinds.base import Task
from app.wire.encodings import MAX_IDS, Ids, Restored, TextDecoding, TextEncoding, Values
from tests.support.tasks import TASKS

REVIEWS, STORIES = TASKS.get("sentiment"), TASKS.get("newswire")

COLUMNS = TASKS.get("housing").input_columns

WHOLE_NUMBER, HOUSING, PLANAR = TASKS.get("digits"), TASKS.get("housing"), TASKS.get("planar")
TEXTS = [pytest.param(REVIEWS, id="sentiment"), pytest.param(STORIES, id="newswire")]
every_text = pytest.mark.parametrize("task", TEXTS)

MEAN = [float(place) for place in range(13)]
STD = [0.5 + place for place in range(13)]
ENCODERS: dict[str, Encoder] = {
    "digits": WHOLE_NUMBER.fit_encoder(Pixels(), {}),
    "housing": Standardizer(list(COLUMNS), MEAN, STD),
    "planar": PLANAR.fit_encoder(Coordinates(), {}),
}
NUMERIC = [pytest.param(TASKS.get(name), encoder, id=name) for name, encoder in ENCODERS.items()]
every_numeric = pytest.mark.parametrize(("task", "encoder"), NUMERIC)


def vocabulary(task: Task) -> TextEncoder:
    """The words good, film and bad are the ids 4, 5 and 6 of 12."""
    return TextEncoder(["good", "film", "bad"], 12, task.input_columns)


def encoding(task: Task, encoder: Any, **fields: Any) -> Any:
    item = task.Input.model_validate(fields)
    return task.encoding(encoder, item, encoder.encode(task.columns([item])))


def text_encoding(task: Task, **fields: Any) -> TextEncoding:
    found = encoding(task, vocabulary(task), **fields)
    assert isinstance(found, TextEncoding)
    return found


def words(task: Task, *ids: int) -> TextDecoding:
    found = task.decoding(vocabulary(task), Ids(ids=list(ids)))
    assert isinstance(found, TextDecoding)
    return found


def restored(task: Task, encoder: Any, values: list[float]) -> dict[str, Any]:
    found = task.decoding(encoder, Values(values=values))
    assert isinstance(found, Restored)
    return found.input


@every_text
def test_a_text_becomes_words_and_ids_in_its_order(task: Task) -> None:
    """With their repeats; the ids begin with 1, as keras.datasets has it."""
    found = text_encoding(task, text="Bad film: a BAD, bad film!<br />Good")

    assert [
        ("bad", 6), ("film", 5), ("a", UNKNOWN), ("bad", 6), ("bad", 6), ("film", 5), ("good", 4),
    ] == [(word.word, word.id) for word in found.words]  # fmt: skip
    assert [START, 6, 5, UNKNOWN, 6, 6, 5, 4] == found.ids


@every_text
def test_ids_are_ranks_plus_three(task: Task) -> None:
    """`index_from=3` of keras.datasets: the most frequent word has rank 1, and so id 4."""
    encoder = task.fit_encoder(
        task.presets["baseline"].recipe.features, {"title": [None], "text": ["the the the film film was"]}
    )
    found = encoding(task, encoder, text="the film was")

    assert [1, 1 + 3, 2 + 3, 3 + 3] == found.ids


@every_text
def test_unknown_words_are_listed_once_in_their_order(task: Task) -> None:
    found = text_encoding(task, text="zebra film yak zebra good ant yak")

    assert ["zebra", "yak", "ant"] == found.unknown
    assert round(2 / 7, 4) == found.known_words


@every_text
def test_a_text_of_known_words_has_none_unknown(task: Task) -> None:
    found = text_encoding(task, text="good film")

    assert ([], 1.0, [1, 4, 5]) == (found.unknown, found.known_words, found.ids)


@every_text
def test_a_text_of_unknown_words_is_ones_and_twos(task: Task) -> None:
    found = text_encoding(task, text="zebra yak")

    assert (["zebra", "yak"], 0.0, [1, 2, 2]) == (found.unknown, found.known_words, found.ids)


@every_text
def test_the_network_sees_the_ids_that_occur(task: Task) -> None:
    """Of the ids in the answer, each once: nothing is shown that does not count, and nothing is left out."""
    encoder = vocabulary(task)
    item = task.Input.model_validate({"text": "bad bad zebra film"})
    row = np.asarray(encoder.encode(task.columns([item])).dense()[0])  # type: ignore[union-attr]

    assert sorted(set(text_encoding(task, text="bad bad zebra film").ids)) == np.flatnonzero(row).tolist()


def test_a_headline_comes_before_its_story() -> None:
    found = text_encoding(STORIES, title="GOOD FILM", text="bad")

    assert [1, 4, 5, 6] == found.ids
    assert text_encoding(STORIES, text="bad", title=None) == text_encoding(STORIES, text="bad")


@every_text
def test_ids_become_words(task: Task) -> None:
    found = words(task, 1, 6, 5, 4, 5)

    assert [None, "bad", "film", "good", "film"] == found.words
    assert "? bad film good film" == found.text


@every_text
@pytest.mark.parametrize("number", [0, 1, 2, 3, 7, 11])
def test_ids_without_a_word_become_question_marks(task: Task, number: int) -> None:
    """The four reserved ones, and those within the limit that the vocabulary is too short for."""
    found = words(task, number, 4)

    assert ([None, "good"], "? good") == (found.words, found.text)


@every_text
@pytest.mark.parametrize(("ids", "place", "number"), [([12], 0, 12), ([4, 5, 4, 99], 3, 99), ([4, 12, 99], 1, 12)])
def test_ids_out_of_range_are_refused_in_their_place(task: Task, ids: list[int], place: int, number: int) -> None:
    with pytest.raises(InvalidInput, match=f"must be below 12, got {number}") as caught:
        words(task, *ids)

    assert [f"ids.{place}"] == [error.field for error in caught.value.errors]


@pytest.mark.parametrize(
    ("ids", "place"),
    [
        ([], ()),
        (None, ()),
        ("4 5", ()),
        (4, ()),
        ([-1], (0,)),
        ([4, "5"], (1,)),
        ([4, 5.5], (1,)),
        ([True], (0,)),
        ([None], (0,)),
        ([[4]], (0,)),
        ([4] * (MAX_IDS + 1), ()),
    ],
)
def test_what_are_no_ids_is_refused_in_its_place(ids: Any, place: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Ids.model_validate({"ids": ids})

    assert [("ids", *place)] == [error["loc"] for error in caught.value.errors()]


def test_ids_come_alone() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Ids.model_validate({"ids": [4], "words": ["good"]})


@every_text
def test_a_decoded_encoding_is_the_text_in_plain_words(task: Task) -> None:
    """As the notebooks print a review."""
    ids = text_encoding(task, text="A GOOD film, not bad.").ids

    assert "? ? good film ? bad" == words(task, *ids).text


@every_numeric
def test_numbers_are_shown_as_the_first_layer_takes_them(task: Task, encoder: Encoder) -> None:
    """Six decimals, in order."""
    found: Any = encoding(task, encoder, **task.example)
    row = np.asarray(encoder.encode(task.columns([task.Input.model_validate(task.example)])))

    values: list[float] = found.values
    assert task.Encoding is type(found)
    assert encoder.width == len(values)
    np.testing.assert_allclose(row[0], values, atol=6e-7)
    assert [round(value, 6) for value in values] == values


@pytest.mark.parametrize(("task", "names"), [("digits", []), ("housing", list(COLUMNS)), ("planar", ["x1", "x2"])])
def test_numbers_are_named_where_they_have_names(task: str, names: list[str]) -> None:
    """One for each number; 784 pixels need none."""
    owner = TASKS.get(task)

    assert names == encoding(owner, ENCODERS[task], **owner.example).columns


@every_numeric
def test_what_was_encoded_can_be_sent_back(task: Task, encoder: Encoder) -> None:
    """And is then an input as `predict` takes it."""
    found = restored(task, encoder, encoding(task, encoder, **task.example).values)
    again = task.Input.model_validate(found)

    np.testing.assert_allclose(flat(task.example), flat(again.model_dump(exclude_none=True)), rtol=1e-5, atol=1e-4)


def flat(fields: dict[str, Any]) -> list[float]:
    """The numbers of an input, in its order."""
    (value,) = fields.values()
    numbers: list[float] = np.ravel(list(value.values()) if isinstance(value, dict) else value).tolist()
    return numbers


@every_numeric
@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_number_of_values_is_refused(task: Task, encoder: Encoder, change: int) -> None:
    count = encoder.width + change
    with pytest.raises(InvalidInput, match=f"takes {encoder.width} numbers, got {count}") as caught:
        restored(task, encoder, [0.5] * count)

    assert ["values"] == [error.field for error in caught.value.errors]


@every_numeric
def test_no_values_are_refused(task: Task, encoder: Encoder) -> None:
    with pytest.raises(InvalidInput, match="got 0"):
        restored(task, encoder, [])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "0.5", True, None, [0.5], 10**400])
def test_a_value_is_a_finite_number(value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Values.model_validate({"values": [0.5, value]})

    assert [("values", 1)] == [error["loc"] for error in caught.value.errors()]


def test_values_come_alone_and_are_not_too_many() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Values.model_validate({"values": [0.5], "shape": [1]})
    with pytest.raises(ValidationError, match="too_long"):
        Values.model_validate({"values": [0.5] * 100_001})


def test_a_picture_is_restored_as_a_grid() -> None:
    picture = np.arange(784).reshape(28, 28) % 256
    values = encoding(WHOLE_NUMBER, ENCODERS["digits"], pixels=picture.tolist()).values

    assert {"pixels": picture.tolist()} == restored(WHOLE_NUMBER, ENCODERS["digits"], values)
    assert 255 == max(max(row) for row in restored(WHOLE_NUMBER, ENCODERS["digits"], [1.0] * 784)["pixels"])


def test_a_part_of_town_is_restored_in_its_own_units() -> None:
    """Zero is the mean, and one is a deviation above it."""
    means = restored(HOUSING, ENCODERS["housing"], [0.0] * 13)["features"]
    above = restored(HOUSING, ENCODERS["housing"], [1.0] * 13)["features"]

    assert dict(zip(COLUMNS, MEAN, strict=True)) == means
    assert {name: MEAN[i] + STD[i] for i, name in enumerate(COLUMNS)} == above


def test_columns_that_the_network_does_not_see_are_not_restored() -> None:
    columns = {name: [0.0, 2.0] for name in COLUMNS}
    encoder = HOUSING.fit_encoder(Standardized(exclude=("B", "CRIM")), columns)
    example = HOUSING.example["features"]
    encoded = encoding(HOUSING, encoder, features=example)
    found = restored(HOUSING, encoder, encoded.values)["features"]

    assert 11 == len(encoded.values)
    assert list(found) == encoded.columns
    assert [name for name in COLUMNS if name not in {"B", "CRIM"}] == list(found)
    assert pytest.approx({name: example[name] for name in found}, abs=1e-4) == found


def test_a_point_is_restored_as_it_was() -> None:
    assert {"point": [0.3, -1.2]} == restored(PLANAR, ENCODERS["planar"], [0.3, -1.2])
    assert [0.3, -1.2] == encoding(PLANAR, ENCODERS["planar"], point=[0.3, -1.2]).values
