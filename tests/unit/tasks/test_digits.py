"""Digits: pictures as a grid or in a row, and ten probabilities."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.domain.recipes import Pixels
from app.encoding.encoder import Encoder
from app.encoding.pixels import SIDE
from app.encoding.rows import ByteRows, FloatMatrix
from app.kinds.image import ImageInput
from app.wire.predictions import Options
from tests.support.tasks import TASKS

TASK = TASKS.get("digits")
GRID = [[(row * SIDE + column) % 256 for column in range(SIDE)] for row in range(SIDE)]
ROW = [value for row in GRID for value in row]


@pytest.fixture
def encoder() -> Encoder:
    return TASK.fit_encoder(Pixels(), {})


def encoded(encoder: Encoder, *pictures: Any) -> FloatMatrix:
    rows = encoder.encode(TASK.columns([ImageInput(pixels=picture) for picture in pictures]))
    assert isinstance(rows, np.ndarray)
    return rows


def decoded(outputs: list[float], labels: list[int]) -> dict[str, Any]:
    answer: dict[str, Any]
    (answer,) = TASK.decode(np.array([outputs], dtype=np.float32), np.empty(0, np.float32), labels, Options())
    return answer


def test_grid_and_row_are_the_same_picture(encoder: Encoder) -> None:
    np.testing.assert_array_equal(encoded(encoder, GRID), encoded(encoder, ROW))


def test_pixels_are_read_row_by_row(encoder: Encoder) -> None:
    expected = np.array(ROW, dtype=np.float32) / 255

    np.testing.assert_array_equal(expected, encoded(encoder, GRID)[0])


def test_a_batch_may_mix_both_forms(encoder: Encoder) -> None:
    blank = [[0] * SIDE] * SIDE
    mixed = encoded(encoder, GRID, ROW, blank, GRID)

    assert (4, 784) == mixed.shape
    np.testing.assert_array_equal(np.stack([encoded(encoder, p)[0] for p in (GRID, GRID, blank, GRID)]), mixed)


def test_grey_values_become_shares_of_one(encoder: Encoder) -> None:
    rows = encoded(encoder, [0, 255, 51, 0.5] + [0] * 780)

    assert np.float32 == rows.dtype
    np.testing.assert_allclose([0, 1, 0.2, 0.5 / 255], rows[0, :4], rtol=1e-6)


def test_training_pictures_are_scaled_like_those_of_clients(encoder: Encoder) -> None:
    """Datasets hold uint8, clients send numbers."""
    stored = encoder.encode({"pixels": np.array([ROW], dtype=np.uint8)})

    assert isinstance(stored, ByteRows), "a quarter of the room"
    np.testing.assert_array_equal(encoded(encoder, GRID), stored.dense())
    assert np.float32 == stored.dense().dtype


@pytest.mark.parametrize(
    ("pixels", "place"),
    [
        (ROW[:-1], ("row",)),
        ([*ROW, 0], ("row",)),
        (GRID[:-1], ("grid",)),
        ([*GRID, GRID[0]], ("grid",)),
        ([*GRID[:-1], GRID[0][:-1]], ("grid", 27)),
        ([*ROW[:-1], 256], ("row", 783)),
        ([*ROW[:-1], -1], ("row", 783)),
        ([*ROW[:-1], float("nan")], ("row", 783)),
        ([*ROW[:-1], float("inf")], ("row", 783)),
        ([*ROW[:-1], "0"], ("row", 783)),
        ([*ROW[:-1], True], ("row", 783)),
        ([*ROW[:-1], None], ("row", 783)),
        ([*ROW[:-1], [0]], ("row", 783)),
        ([*GRID[:-1], 0], ("grid", 27)),
        ([], ("row",)),
        ([[]], ("grid", 0)),
        ("0" * 784, ("row",)),
        (None, ()),
    ],
)
def test_other_shapes_and_values_are_refused_in_their_place(pixels: Any, place: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        ImageInput.model_validate({"pixels": pixels})

    assert ("pixels", *place) in {error["loc"] for error in caught.value.errors()}


def test_the_answer_is_the_most_probable_digit() -> None:
    outputs = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.6, 0.1, 0.02]
    answer = decoded(outputs, list(range(10)))

    assert (7, 0.6) == (answer["label"], answer["probability"])
    assert outputs == answer["probabilities"]


def test_digits_that_training_never_saw_have_probability_zero() -> None:
    """Positions in the output are not digits then."""
    answer = decoded([0.25, 0.75], [3, 8])

    assert (8, 0.75) == (answer["label"], answer["probability"])
    assert [0, 0, 0, 0.25, 0, 0, 0, 0, 0.75, 0] == answer["probabilities"]


def test_the_example_is_a_picture_of_something() -> None:
    picture = np.array(TASK.example["pixels"])

    assert (SIDE, SIDE) == picture.shape
    assert {0, 255} == set(picture.ravel().tolist())
