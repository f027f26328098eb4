"""Pictures of digits become what MNIST's pictures are."""

import base64
import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from app.tasks import registry
from app.tasks._answers import Refused
from app.tasks._pictures import MAX_SIDE, centred, read
from app.tasks.digits import DigitInput

SEVEN = np.array(registry.get("digits").example["pixels"], dtype=np.uint8)


def encoded(picture: Any, kind: str = "PNG", **options: Any) -> str:
    """A picture as a client sends it."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return base64.b64encode(file.getvalue()).decode()


def large(picture: Any, side: int = 280) -> Image.Image:
    return Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)


SPECKS = np.zeros((1_000, 1_000), dtype=np.uint8)
SPECKS[[0, -1], [0, -1]] = 255  # next to nothing is left of them in a picture of 28 pixels


def away(one: Any, other: Any) -> float:
    """Mean difference of two pictures, grey values."""
    return float(np.abs(one.astype(float) - other).mean())


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_size_place_paper_colour_and_format_make_no_difference(kind: str) -> None:
    expected = read(encoded(SEVEN))
    moved = np.zeros((400, 300), dtype=np.uint8)
    moved[250:390, 5:145] = np.asarray(large(SEVEN, 140))
    blue = np.full((280, 280, 3), 255, dtype=np.uint8)
    blue[..., :2] -= np.asarray(large(SEVEN))[..., None]
    pictures = [large(SEVEN), Image.fromarray(255 - np.asarray(large(SEVEN))), Image.fromarray(moved)]
    for picture in [*pictures, Image.fromarray(blue)]:
        assert away(expected, read(encoded(picture, kind))) < 8


def test_the_digit_fills_a_box_of_twenty_pixels_with_its_mass_in_the_middle() -> None:
    found = read(encoded(large(SEVEN)))

    assert (28, 28) == found.shape
    assert 255 == found.max()
    rows, columns = np.flatnonzero(found.max(axis=1) > 50), np.flatnonzero(found.max(axis=0) > 50)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    for axis in (0, 1):
        middle = (found.sum(axis=1 - axis) * (np.arange(28) + 0.5)).sum() / found.sum()
        assert middle == pytest.approx(14, abs=0.6)


@pytest.mark.parametrize("ink", [0, 90, 200, 255])
def test_what_is_transparent_is_paper_of_the_other_colour(ink: int) -> None:
    drawn = np.full((280, 280, 4), ink, dtype=np.uint8)
    drawn[..., 3] = np.asarray(large(SEVEN))  # ink on nothing, as a canvas gives it

    assert away(read(encoded(SEVEN)), read(encoded(drawn))) < 8


def test_a_photo_that_lies_on_its_side_is_turned_by_its_orientation() -> None:
    turned = large(SEVEN).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6

    assert away(read(encoded(SEVEN)), read(encoded(turned, "JPEG", exif=exif))) < 8


def test_the_head_of_a_data_url_is_no_part_of_the_picture() -> None:
    content = encoded(SEVEN)

    np.testing.assert_array_equal(read(content), read(f"data:image/png;base64,{content}"))


def test_a_thin_line_stays_within_the_picture() -> None:
    for shape in ((200, 1), (1, 200)):
        line = np.zeros((220, 220))
        line[10 : 10 + shape[0], 10 : 10 + shape[1]] = 255
        assert 255 == centred(line).max()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("?", "not base64"),
        (base64.b64encode(b"no picture").decode(), "neither PNG nor JPEG"),
        (encoded(SEVEN, "GIF"), "neither PNG nor JPEG"),
        (encoded(np.zeros((9, 9), np.uint8)), "hardly any contrast"),
        (encoded(np.full((9, 9), 255, np.uint8)), "hardly any contrast"),
        (encoded(np.zeros((1, MAX_SIDE + 1), np.uint8)), "the limit is 1024"),
        (encoded(Image.new("1", (20_000, 20_000))), "has 20000 × 20000 pixels; the limit is 1024"),
        (base64.b64encode(base64.b64decode(encoded(large(SEVEN)))[:-200]).decode(), "damaged"),
        (base64.b64encode(base64.b64decode(encoded(large(SEVEN), "JPEG"))[:300]).decode(), "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(content: str, message: str) -> None:
    with pytest.raises(Refused) as raised:
        registry.get("digits").columns([DigitInput(pixels=SEVEN.tolist()), DigitInput(image=content)])
    (refusal,) = raised.value.refusals
    assert (1, "image") == (refusal.row, refusal.field)
    assert message in refusal.message


@pytest.mark.parametrize("content", ["A" * 4_000_001, ""])
def test_the_length_of_a_picture_is_limited(content: str) -> None:
    with pytest.raises(ValidationError) as raised:
        DigitInput.model_validate({"image": content})
    assert ("image",) == raised.value.errors()[0]["loc"]


def test_next_to_nothing_is_a_picture_too() -> None:
    assert 255 == read(encoded(SPECKS)).max()


def test_sixteen_bits_are_as_good_as_eight() -> None:
    deep = Image.fromarray((np.asarray(large(SEVEN)).astype(np.uint16)) * 257)

    assert away(read(encoded(large(SEVEN))), read(encoded(deep))) < 1


def test_an_odd_note_of_the_camera_does_no_harm() -> None:
    turned, no_number = struct.pack("<HHII", 0x0112, 3, 1, 6), struct.pack("<HHI4s", 0x011A, 2, 4, b"abc")
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + turned + no_number + bytes(4)

    assert (28, 28) == read(encoded(large(SEVEN), "JPEG", exif=exif)).shape


def test_the_number_of_pictures_in_a_request_is_limited() -> None:
    item = DigitInput(image=encoded(SEVEN))
    task = registry.get("digits")

    assert (100, 784) == task.columns([item] * 100)["pixels"].shape
    with pytest.raises(Refused, match="1 instances"):
        task.columns([item] * 101)
    assert task.takes_long([item])
    assert not task.takes_long([DigitInput(pixels=SEVEN.tolist())])


@pytest.mark.parametrize("given", [{}, {"image": encoded(SEVEN), "pixels": SEVEN.tolist()}])
def test_exactly_one_of_pixels_and_image_is_needed(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either `pixels` or `image`"):
        DigitInput.model_validate(given)
