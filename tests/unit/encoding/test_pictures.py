"""Files of pictures: base64 in any form, PNG and JPEG of all modes and sizes, and what each becomes."""

import base64
import io
import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pydantic import ValidationError

from app.encoding.pictures import large_png as _large_png
from app.encoding.pictures.digit import Reading, read
from app.encoding.pictures.files import MAX_CHARACTERS, WORK, colours_of
from app.encoding.pictures.ready import ready
from app.errors import Refused
from app.kinds.image import ImageInput
from app.tasks.samples import digits as sample
from tests.support.tasks import TASKS

SEVEN = np.array(TASKS.get("digits").example["pixels"], dtype=np.uint8)


def encoded(picture: Any, kind: str = "PNG", **options: Any) -> str:
    """A picture as a client sends it."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return base64.b64encode(file.getvalue()).decode()


def large(picture: Any, side: int = 280) -> Image.Image:
    return Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)


BIG = large(SEVEN)
EXPECTED = read(encoded(BIG)).pixels


def away(one: Reading, other: Any = EXPECTED) -> float:
    """Mean difference of two pictures, grey values."""
    return float(np.abs(one.pixels.astype(float) - other).mean())


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_size_place_paper_colour_and_format_make_no_difference(kind: str) -> None:
    moved = np.zeros((400, 300), dtype=np.uint8)
    moved[250:390, 5:145] = np.asarray(large(SEVEN, 140))
    blue = np.full((280, 280, 3), 255, dtype=np.uint8)
    blue[..., :2] -= np.asarray(BIG)[..., None]
    pictures = [large(SEVEN, 140), large(SEVEN, 900), Image.fromarray(255 - np.asarray(BIG)), Image.fromarray(moved)]
    for picture in [*pictures, Image.fromarray(blue)]:
        assert away(read(encoded(picture, kind))) < 6


@pytest.mark.parametrize(("side", "doubts"), [(14, ("shows a digit of fewer than 12 pixels",)), (28, ()), (280, ())])
def test_a_digit_of_few_pixels_is_doubted(side: int, doubts: tuple[str, ...]) -> None:
    assert doubts == read(encoded(large(SEVEN, side))).doubts


def test_the_digit_fills_a_box_of_twenty_pixels_with_its_mass_in_the_middle() -> None:
    found = EXPECTED

    assert ((28, 28), np.dtype(np.uint8), 255) == (found.shape, found.dtype, found.max())
    rows, columns = np.flatnonzero(found.max(axis=1) > 50), np.flatnonzero(found.max(axis=0) > 50)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    for axis in (0, 1):
        middle = (found.sum(axis=1 - axis) * (np.arange(28) + 0.5)).sum() / found.sum()
        assert middle == pytest.approx(14, abs=0.6)


@pytest.mark.parametrize("ink", [(0, 0, 0), (90, 90, 90), (200, 0, 90), (255, 255, 255)])
def test_strokes_on_nothing_are_read_whatever_their_colour(ink: tuple[int, int, int]) -> None:
    """As a canvas gives them, and as an icon with a palette has them."""
    drawn = np.full((280, 280, 4), (*ink, 0), dtype=np.uint8)
    drawn[..., 3] = np.asarray(BIG)

    assert away(read(encoded(drawn))) < 1
    assert away(read(encoded(Image.fromarray(drawn).quantize(64)))) < 8


def test_a_sheet_with_transparent_corners_is_read_by_its_colours() -> None:
    drawn = np.full((280, 280, 4), 255, dtype=np.uint8)
    drawn[..., :3] -= np.asarray(BIG)[..., None]
    drawn[:60, :40, 3] = drawn[250:, 260:, 3] = 0
    drawn[:60, :40, :3] = 0  # a colour that nobody sees

    assert away(read(encoded(drawn))) < 1


def deep(mode: str) -> str:
    """The big seven in one of Pillow's modes, or as it makes others."""
    paper = Image.fromarray(255 - np.asarray(BIG))
    if mode == "16 bits":
        return encoded(Image.fromarray(np.asarray(paper).astype(np.uint16) * 257))
    return encoded(paper.convert("RGB").convert(mode), "JPEG" if mode == "CMYK" else "PNG")


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "16 bits"])
def test_every_depth_and_mode_is_read(mode: str) -> None:
    assert away(read(deep(mode))) < 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "16 bits", "P", "LA", "large"])
@pytest.mark.parametrize(
    ("orientation", "turn"),
    [(2, Image.Transpose.FLIP_LEFT_RIGHT), (3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90),
     (8, Image.Transpose.ROTATE_270)],
)  # fmt: skip
def test_what_lies_on_its_side_is_turned_by_its_orientation(kind: str, orientation: int, turn: Any) -> None:
    picture = BIG.transpose(turn)
    if kind == "16 bits":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    elif kind in {"P", "LA"}:
        picture = picture.convert(kind)
    elif kind == "large":
        picture = picture.resize((2200, 2200))
    exif = Image.Exif()
    exif[0x0112] = orientation

    assert away(read(encoded(picture, "JPEG" if kind == "JPEG" else "PNG", exif=exif))) < 6


def test_the_first_picture_of_an_animation_is_read() -> None:
    assert away(read(encoded(BIG, save_all=True, append_images=[Image.new("L", BIG.size)]))) < 1


def wrapped(text: str) -> str:
    return "\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + "\n"


FORMS: dict[str, Callable[[str], str]] = {
    "line breaks": wrapped,
    "line breaks of Windows": lambda text: wrapped(text).replace("\n", "\r\n"),
    "a newline at the end": lambda text: text + "\n",
    "a data URL": lambda text: "data:image/png;base64," + text,
    "in capitals": lambda text: "DATA:IMAGE/PNG;BASE64," + text,
    "a long head": lambda text: f"data:image/png;name={'seven' * 40}.png;charset=utf-8;base64,{wrapped(text)}",
    "the alphabet of URLs": lambda text: text.replace("+", "-").replace("/", "_"),
    "no padding": lambda text: text.rstrip("="),
    "escaped as in a URL": lambda text: text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
}


@pytest.mark.parametrize("form", FORMS)
def test_base64_is_taken_in_every_form_that_tools_write(form: str) -> None:
    for size in (280, 281, 282):  # with and without padding
        text = encoded(large(SEVEN, size))
        np.testing.assert_array_equal(read(text).pixels, read(FORMS[form](text)).pixels)


def noisy(size: tuple[int, int]) -> Image.Image:
    """A photograph of a seven."""
    page = Image.new("RGB", size, (214, 205, 190))
    wide, high = size
    points = [(wide * x, high * y) for x, y in ((0.4, 0.3), (0.55, 0.3), (0.47, 0.6))]
    ImageDraw.Draw(page).line(points, fill=(30, 30, 60), width=wide // 40, joint="curve")
    return page


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {})])
def test_a_telephones_picture_is_read_as_its_small_copy(kind: str, options: dict[str, Any]) -> None:
    expected = read(encoded(noisy((800, 600)))).pixels

    assert away(read(encoded(noisy((4000, 3000)), kind, **options)), expected) < 6


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_a_large_png_shrunk_while_it_is_unpacked_is_what_it_is_as_a_whole(mode: str) -> None:
    """Filters reach from row to row, also over the parts that are unpacked at once."""
    noise = np.random.default_rng(3).integers(0, 30, (2100, 2300, 3), dtype=np.uint8)
    picture = Image.fromarray(np.asarray(noisy((2300, 2100))) - noise)
    picture = picture.quantize(200) if mode == "P" else picture.convert(mode)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    content = file.getvalue()
    assert _large_png.is_one(content)

    shrunk = _large_png.shrunk(content, 2300 // WORK)

    whole = picture.convert("RGBA") if mode in {"LA", "P"} else picture
    np.testing.assert_allclose(np.asarray(whole.reduce(2300 // WORK)), np.asarray(shrunk), atol=1)


def test_a_small_file_does_not_become_a_large_picture() -> None:
    """A bomb is told by its head: 100,000 × 100,000 pixels, 20 bytes of content."""
    bomb = io.BytesIO()
    Image.new("1", (8, 8)).save(bomb, "PNG")
    content = bytearray(bomb.getvalue())
    content[16:24] = struct.pack(">II", 100_000, 100_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))

    with pytest.raises(ValueError, match="100000 × 100000 pixels; the limit is 64 million"):
        colours_of(bytes(content))


MEMORY = """
import resource, sys
from app.encoding.pictures.digit import read
read(open(sys.argv[2]).read())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read(open(sys.argv[1]).read())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_fifty_megapixels_take_less_than_two_hundred_mebibytes(kind: str, tmp_path: Any) -> None:
    assert resource.RUSAGE_SELF == 0  # the unit of ru_maxrss is that of Linux
    options = {"compress_level": 1} if kind == "PNG" else {}
    (tmp_path / "large").write_text(encoded(noisy((8160, 6120)), kind, **options))
    (tmp_path / "small").write_text(encoded(BIG))

    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "large"), str(tmp_path / "small")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    assert int(done.stdout) < 200


def cut(text: str, length: int) -> str:
    return base64.b64encode(base64.b64decode(text)[:length]).decode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("?", "is not base64"),
        ("data:image/png,%89PNG", "is a data URL that is not base64"),
        (base64.b64encode(b"no picture").decode(), "neither PNG nor JPEG"),
        (encoded(SEVEN, "GIF"), "neither PNG nor JPEG"),
        (encoded(np.zeros((9, 9), np.uint8)), "hardly any contrast"),
        (encoded(np.full((9, 9), 255, np.uint8)), "hardly any contrast"),
        (encoded(np.zeros((1, 1), np.uint8)), "hardly any contrast"),
        (encoded(Image.new("1", (20_000, 20_000))), "has 20000 × 20000 pixels; the limit is 64 million"),
        (encoded(Image.new("I;16", (10_000, 9_000))), "has 10000 × 9000 pixels; the limit is 64 million"),
        (cut(encoded(BIG), -200), "damaged"),
        (cut(encoded(BIG, "JPEG"), 300), "damaged"),
        (cut(encoded(large(SEVEN, 2200)), -9_000), "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(content: str, message: str) -> None:
    with pytest.raises(Refused) as raised:
        TASKS.get("digits").columns([ImageInput(pixels=SEVEN.tolist()), ImageInput(image=content)])
    (refusal,) = raised.value.refusals
    assert (1, "image") == (refusal.row, refusal.field)
    assert message in refusal.message


@pytest.mark.parametrize("content", ["A" * (MAX_CHARACTERS + 1), ""])
def test_the_length_of_a_picture_is_limited(content: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ImageInput.model_validate({"image": content})
    assert ("image",) == raised.value.errors()[0]["loc"]


def test_an_odd_note_of_the_camera_does_no_harm() -> None:
    turned, no_number = struct.pack("<HHII", 0x0112, 3, 1, 6), struct.pack("<HHI4s", 0x011A, 2, 4, b"abc")
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + turned + no_number + bytes(4)

    assert (28, 28) == read(encoded(BIG, "JPEG", exif=exif)).pixels.shape


def test_the_number_of_pictures_in_a_request_is_limited() -> None:
    item = ImageInput(image=encoded(SEVEN))
    task = TASKS.get("digits")

    assert (100, 784) == task.columns([item] * 100)["pixels"].shape
    with pytest.raises(Refused, match="1 instance "):
        task.columns([item] * 101)
    assert task.takes_long(None, [item])
    assert not task.takes_long(None, [ImageInput(pixels=SEVEN.tolist())])


@pytest.mark.parametrize("given", [{}, {"image": encoded(SEVEN), "pixels": SEVEN.tolist()}])
def test_exactly_one_of_pixels_and_image_is_needed(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either `pixels` or `image`"):
        ImageInput.model_validate(given)


def as_mnist(picture: Any) -> Any:
    """A digit of the sample, which is scaled and centred as MNIST's are."""
    return np.asarray(picture, dtype=np.uint8).reshape(28, 28)


@pytest.mark.parametrize("number", range(10))
def test_a_picture_that_is_as_mnist_has_it_stays_to_the_last_bit(number: int) -> None:
    digit = as_mnist(sample.rows()["pixels"][number])
    for picture in (digit, 255 - digit):
        reading = read(encoded(picture))
        np.testing.assert_array_equal(digit, reading.pixels)


def test_what_lies_beside_a_digit_of_mnist_is_doubted_and_the_digit_read() -> None:
    """Out of the middle, where none of MNIST's is, the same is refused."""
    picture = np.zeros((28, 28), dtype=np.uint8)
    picture[4:24, 11:14], picture[13:22, 22:24] = 255, 255
    reading = read(encoded(picture))

    np.testing.assert_array_equal(picture, reading.pixels)
    assert ("shows more than one digit; send a picture of each",) == reading.doubts
    with pytest.raises(ValueError, match="more than one digit"):
        read(encoded(np.roll(picture, -3, axis=1)))


@pytest.mark.parametrize("change", ["moved", "smaller", "grey ground", "faint", "blank"])
def test_others_of_that_size_are_looked_through(change: str) -> None:
    picture = as_mnist(sample.rows()["pixels"][0])
    changed = {
        "moved": np.roll(picture, 3, axis=1),
        "smaller": np.pad(np.asarray(Image.fromarray(picture).resize((20, 20))), 4),
        "grey ground": np.maximum(picture, 9),
        "faint": picture // 3,
        "blank": np.zeros_like(picture),
    }[change]
    assert ready(changed.astype(np.float32)[..., None]) is None
