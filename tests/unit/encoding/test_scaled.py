"""Pictures scaled to a square: what each way shows of them, whatever kind of file they come in."""

import io
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.encoding.pictures.digit import reading_of
from app.encoding.pictures.files import colours_of
from app.encoding.pictures.scaled import read_scaled
from tests.support.shapes import file_of

RNG = np.random.default_rng(8)
GREY, RED, WHITE = (200, 200, 200), (250, 10, 10), (255, 255, 255)


def smooth(width: int, height: int) -> Image.Image:
    """Colours without edges."""
    small = Image.fromarray(RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def on(side: int, colour: tuple[int, ...], box: tuple[int, ...], ink: tuple[int, ...]) -> Image.Image:
    """A rectangle on ground of one colour."""
    image = Image.new("RGB", (side, side), colour)
    ImageDraw.Draw(image).rectangle(box, fill=ink)
    return image


@pytest.mark.parametrize("scaling", ["fit", "crop"])
def test_a_picture_of_the_tasks_size_is_taken_as_it_is(scaling: Any) -> None:
    noise = RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    grey = noise[..., 0].copy()

    np.testing.assert_array_equal(noise, read_scaled(file_of(Image.fromarray(noise)), 16, "rgb", scaling))
    np.testing.assert_array_equal(grey, read_scaled(file_of(Image.fromarray(grey)), 16, "grey", scaling))


@pytest.mark.parametrize("side", [40, 300, 1_400])
def test_a_square_is_scaled_as_pillow_does(side: int) -> None:
    picture = smooth(side, side)
    expected = np.asarray(picture.resize((32, 32), Image.Resampling.LANCZOS))

    for scaling in ("fit", "crop"):
        found = read_scaled(file_of(picture), 32, "rgb", scaling)
        np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_picture_is_scaled_as_the_whole_of_it_would_be(kind: str) -> None:
    """It is shrunk while it is decoded."""
    picture = smooth(2_400, 1_800)
    expected = np.asarray(picture.resize((48, 36), Image.Resampling.BOX), dtype=int)

    found = read_scaled(file_of(picture, kind), 48, "rgb", "fit")

    np.testing.assert_allclose(found[6:42].astype(int), expected, atol=6)


def test_fit_shows_the_whole_with_a_border_of_the_ground() -> None:
    wide = Image.new("RGB", (40, 20), GREY)
    ImageDraw.Draw(wide).rectangle((10, 5, 29, 14), fill=RED)

    found = read_scaled(file_of(wide), 20, "rgb", "fit")

    assert {GREY} == {tuple(pixel) for row in (*found[:5], *found[-5:]) for pixel in row.tolist()}
    np.testing.assert_allclose(RED, found[10, 10].astype(int), atol=5)


def test_crop_shows_the_middle_of_the_longer_side() -> None:
    tall = np.zeros((60, 20), dtype=np.uint8)
    tall[20:40] = 255

    found = read_scaled(file_of(Image.fromarray(tall)), 10, "grey", "crop")

    assert (255, 255) == (found.min(), found.max())


@pytest.mark.parametrize("box", [(3, 5, 32, 24), (60, 70, 89, 89)])
@pytest.mark.parametrize(("ground", "ink"), [(WHITE, RED), ((0, 0, 0), GREY)])
def test_centre_shows_what_differs_from_the_ground_as_large_and_in_the_middle(
    box: tuple[int, ...], ground: tuple[int, ...], ink: tuple[int, ...]
) -> None:
    """Wherever it was: 20 of 28 pixels, as MNIST's digits."""
    found = read_scaled(file_of(on(100, ground, box, ink)), 28, "rgb", "centre")

    seen = (found == np.array(ink)).all(axis=2)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert (20, 4, 23) == (len(columns), columns[0], columns[-1])
    assert abs(rows.mean() - 13.5) <= 0.5
    assert ground == tuple(found[0, 0])


@pytest.mark.parametrize("scaling", ["fit", "centre", "crop"])
def test_a_picture_of_one_colour_stays_one(scaling: Any) -> None:
    found = read_scaled(file_of(Image.new("RGB", (50, 30), GREY)), 12, "rgb", scaling)

    assert {GREY} == {tuple(pixel) for pixel in found.reshape(-1, 3).tolist()}


def test_a_digit_is_read_as_digits_are() -> None:
    content = file_of(on(200, WHITE, (90, 40, 110, 160), (20, 20, 20)))

    np.testing.assert_array_equal(reading_of(colours_of(content)).pixels, read_scaled(content, 28, "grey", "digit"))
    with pytest.raises(ValueError, match="shows nothing"):
        read_scaled(file_of(Image.new("L", (60, 60), 250)), 28, "grey", "digit")


def of_mode(mode: str) -> Image.Image:
    """The left half dark, the right half light."""
    halves = np.zeros((24, 24), dtype=np.uint8)
    halves[:, 12:] = 255
    image = Image.fromarray(halves)
    if mode == "I;16":
        return Image.fromarray(halves.astype(np.uint16) * 257)
    if mode == "P, transparent":
        image = image.convert("P")
        image.info["transparency"] = 255  # the light half is there no more, and on white
        return image
    if mode == "RGBA, transparent":
        return Image.merge("RGBA", [Image.new("L", (24, 24), 0)] * 3 + [image.point(lambda value: 255 - value)])
    return image.convert("RGB").convert(mode) if mode in {"P", "CMYK", "RGBA"} else image.convert(mode)


MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "P, transparent", "RGBA, transparent"]


@pytest.mark.parametrize("mode", [*MODES, "CMYK"])
def test_every_kind_of_file_shows_the_same(mode: str) -> None:
    """What is transparent is white."""
    image = of_mode(mode)
    options = {"transparency": 255} if mode == "P, transparent" else {}
    content = file_of(image, "JPEG" if mode == "CMYK" else "PNG", **options)
    for colours in ("grey", "rgb"):
        found = read_scaled(content, 12, colours, "fit").astype(int)
        assert (12, 12) == found.shape[:2]
        np.testing.assert_allclose(found[:, :5], 0, atol=4)
        np.testing.assert_allclose(found[:, 7:], 255, atol=4)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("side", [30, 2_100])
def test_it_is_turned_as_the_camera_noted(kind: str, side: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    image = Image.new("RGB", (side, side), WHITE)
    image.paste(RED, (0, 0, side, side // 2))

    found = read_scaled(file_of(image, kind, exif=exif), 10, "rgb", "fit").astype(int)

    np.testing.assert_allclose(np.broadcast_to(RED, (10, 4, 3)), found[:, 6:], atol=8)
    np.testing.assert_allclose(255, found[:, :4], atol=8)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is neither PNG nor JPEG"),
        (b"label,pixels\n", "is neither PNG nor JPEG"),
        (file_of(Image.new("L", (300, 300)))[:-40], "is damaged"),
        (file_of(Image.new("1", (20_000, 20_000))), "has 20000 × 20000 pixels; the limit is 64 million"),
        (file_of(Image.new("L", (40, 40)), "GIF"), "is neither PNG nor JPEG"),
    ],
)
@pytest.mark.parametrize("scaling", ["fit", "centre", "crop"])
def test_what_is_no_picture_is_refused_with_the_reason(content: bytes, says: str, scaling: Any) -> None:
    with pytest.raises(ValueError, match=says):
        read_scaled(content, 20, "rgb", scaling)


def test_long_and_narrow_pictures_are_scaled_too() -> None:
    for size in ((3_000, 1), (1, 900), (30_000, 80)):
        for scaling in ("fit", "centre", "crop"):
            assert (24, 24) == read_scaled(file_of(Image.new("L", size, 90)), 24, "grey", scaling).shape


def test_a_photograph_of_twelve_megapixels_takes_a_fraction_of_its_decoding() -> None:
    """Under 100 ms where nothing else runs; here it is compared with Pillow's own decoding of the whole."""
    photograph = smooth(4_000, 3_000)
    content = file_of(photograph, "JPEG", quality=90)

    def seconds(work: Any) -> float:
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
        return min(taken)

    whole = seconds(lambda: Image.open(io.BytesIO(content)).resize((64, 64)))
    assert seconds(lambda: read_scaled(content, 64, "rgb", "fit")) < 0.8 * whole
