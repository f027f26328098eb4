"""Whatever is sent as a picture becomes 28 × 28 grey values or is refused: nothing else happens."""

import base64
import contextlib
import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from app.encoding.pictures.digit import read, reading_of

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))


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
    file = io.BytesIO()
    picture = np.zeros((30, 30), dtype=np.uint8)
    picture[5:25, 12:16] = 255
    Image.fromarray(picture).save(file, kind)
    content = bytearray(file.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    check(base64.b64encode(bytes(content)).decode())


@given(
    SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, shape, elements=st.integers(0, 255), fill=st.integers(0, 255)))
)
@settings(max_examples=200, deadline=None)
def test_any_colours(colours: np.ndarray) -> None:
    with contextlib.suppress(ValueError):
        assert (28, 28) == reading_of(colours.astype(np.float32)).pixels.shape
