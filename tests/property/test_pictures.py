"""Whatever is sent as a picture becomes pixels of the right size or is refused: nothing else happens."""

import base64
import contextlib
import io
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from app.encoding.pictures.digit import read, reading_of
from app.encoding.pictures.scaled import read_scaled

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))


WAYS = st.tuples(st.integers(8, 96), st.sampled_from(["grey", "rgb"]), st.sampled_from(["fit", "centre", "crop"]))


def check_scaled(content: bytes, way: tuple[int, Any, Any]) -> None:
    size, colours, _ = way
    with contextlib.suppress(ValueError):
        found = read_scaled(content, *way)
        assert ((size, size, 3) if colours == "rgb" else (size, size), np.dtype(np.uint8)) == (found.shape, found.dtype)


def check(text: str) -> None:
    with contextlib.suppress(ValueError):
        reading = read(text)
        assert ((28, 28), np.dtype(np.uint8), 255) == (reading.pixels.shape, reading.pixels.dtype, reading.pixels.max())


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda content: base64.b64encode(content).decode()))
@settings(max_examples=150, deadline=None)
def test_any_text(text: str) -> None:
    check(text)


@given(st.sampled_from(["PNG", "JPEG"]), st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage(kind: str, data: st.DataObject) -> None:
    """A picture with some bytes changed, cut off or put in."""
    content = damaged(kind, data)
    check(base64.b64encode(content).decode())
    check_scaled(content, data.draw(WAYS))


def damaged(kind: str, data: st.DataObject) -> bytes:
    file = io.BytesIO()
    picture = np.zeros((30, 30), dtype=np.uint8)
    picture[5:25, 12:16] = 255
    Image.fromarray(picture).save(file, kind)
    content = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    return bytes(content)


@given(st.binary(max_size=80), WAYS)
@settings(max_examples=100, deadline=None)
def test_any_bytes(content: bytes, way: tuple[int, Any, Any]) -> None:
    check_scaled(content, way)


@given(
    st.tuples(st.integers(1, 200), st.integers(1, 200)),
    st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"]),
    st.integers(1, 8),
    st.integers(0, 2**32 - 1),
    WAYS,
)
@settings(max_examples=200, deadline=None)
def test_any_size_and_mode(
    size: tuple[int, int], mode: str, orientation: int, seed: int, way: tuple[int, Any, Any]
) -> None:
    """Every picture that is one is taken."""
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 4), dtype=np.uint8)
    image = Image.fromarray(noise) if mode != "I;16" else Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    image = image if mode in {"I;16", "RGBA"} else image.convert("RGB").convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG" if mode == "CMYK" else "PNG", exif=exif)

    found = read_scaled(file.getvalue(), *way)

    assert (way[0],) * 2 == found.shape[:2]
    assert (way[1] == "rgb") == (found.ndim == 3)


@given(
    SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, shape, elements=st.integers(0, 255), fill=st.integers(0, 255)))
)
@settings(max_examples=200, deadline=None)
def test_any_colours(colours: np.ndarray) -> None:
    with contextlib.suppress(ValueError):
        assert (28, 28) == reading_of(colours.astype(np.float32)).pixels.shape
