"""Files of pictures as arrays of colours: PNG and JPEG, of a telephone's size too, shrunk while they are decoded."""

import base64
import io
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from app.encoding.pictures import large_png
from app.encoding.pictures.background import Colours
from app.encoding.pictures.limits import check_parts, check_size

MAX_CHARACTERS = 32_000_000  # of base64, 24 MB of a file
WORK = 448  # pixels of the longer side of what is worked on
FORMATS = ("PNG", "JPEG")
SLOW_PIXELS = 2_000_000  # of a picture: larger ones are decoded one after the other, so that memory stays bounded

ONE_COLOUR = 48  # grey values that strokes of one colour differ by, at most

_HEAD = re.compile(r"\s*data:[^,]{0,4096},", re.IGNORECASE)
# What URLs have instead, in either case. Whole texts at a time: millions of pieces of one would take gigabytes.
_ESCAPED = [
    (escaped, char)
    for code, char in ((b"%2B", b"+"), (b"%2F", b"/"), (b"%3D", b"="), (b"%20", b" "), (b"%0D", b" "), (b"%0A", b" "))
    for escaped in (code, code.lower())
]
_ONE_ALPHABET = bytes.maketrans(b"-_", b"+/")
_one_at_a_time = Lock()


def content_of(text: str) -> bytes:
    """The bytes of base64, with or without the head of a data URL, line breaks and padding, in either alphabet.

    Raises:
        ValueError: it is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        pass
    head = _HEAD.match(text)
    if head and not re.search(r";\s*base64\s*,$", head[0], re.IGNORECASE):
        raise ValueError("is a data URL that is not base64")
    try:
        body = text[head.end() if head else 0 :].encode("ascii")
        for escaped, char in _ESCAPED if b"%" in body else ():
            body = body.replace(escaped, char)
        body = body.translate(_ONE_ALPHABET, string.whitespace.encode()).rstrip(b"=")
        return base64.b64decode(body + b"=" * (-len(body) % 4), validate=True)
    except ValueError as error:
        raise ValueError(f"is not base64: {error}") from error


@dataclass(frozen=True)
class Wanted:
    """How much of a picture is needed, so that a large one is not decoded as large as it is."""

    side: int  # pixels that are left of a picture of more, at least
    draft: int  # the same of a JPEG that is decoded at a half, a quarter or an eighth of its size: of both sides
    which: Callable[[Sequence[int]], int] = max  # of the two sides has so many
    smooths: bool = True  # whether dots of black and white become greys


DRAWN = Wanted(WORK, 2 * WORK)


def colours_of(content: bytes) -> Colours:
    """The colours of a picture of which the longer side has at most `WORK` pixels, upright.

    What is transparent is ground: of strokes on nothing the opacity is given.

    Raises:
        ValueError: it is no PNG or JPEG, damaged, or too large.
    """
    image, turn = image_of(content, DRAWN)
    return _array(upright(small(image), turn))


def image_of(content: bytes, wanted: Wanted) -> tuple[Any, int | None]:
    """A picture in one of the modes L, RGB, RGBA and F, and how it is to be turned to be upright.

    One of more than two million pixels is shrunk by a whole number while it is decoded.

    Raises:
        ValueError: it is no PNG or JPEG, damaged, or too large.
    """
    check_parts(content)
    image = _opened(content)
    check_size(image, content)
    try:
        if image.width * image.height <= SLOW_PIXELS:
            return _decoded(image, wanted), _turn(image.getexif())
        with _one_at_a_time:
            if image.format == "PNG" and large_png.is_one(content):
                factor = max(1, wanted.which(image.size) // wanted.side)
                return large_png.shrunk(content, factor), _turn(large_png.exif(content))
            return _decoded(image, wanted), _turn(image.getexif())
    except Exception as error:  # Pillow has many ways to find that a file is not what it says
        raise ValueError("is damaged, or not all there") from error


def _opened(content: bytes) -> Any:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # its own limit, which it warns of; ours is checked as early
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ValueError(f"is neither {' nor '.join(FORMATS)}") from error
    except Exception as error:
        raise ValueError("is damaged") from error


def _decoded(image: Any, wanted: Wanted) -> Any:
    if image.format != "PNG":
        image.draft(None, (wanted.draft, wanted.draft))
    factor = max(1, wanted.which(image.size) // wanted.side)
    if image.width * image.height <= SLOW_PIXELS:
        image.load()
        return _plain(image, wanted)
    high = max(1, SLOW_PIXELS // image.width // factor) * factor
    bands = [
        _plain(image.crop((0, top, image.width, min(image.height, top + high))), wanted).reduce(factor)
        for top in range(0, image.height, high)
    ]
    return large_png.stacked(bands)


def _plain(image: Any, wanted: Wanted) -> Any:
    """In one of the modes L, RGB, RGBA and F."""
    from PIL import Image, ImageFilter

    if image.mode.startswith("I"):  # 16 bits
        return Image.fromarray(np.asarray(image, dtype=np.float32) / 257)
    if image.mode in {"P", "PA", "LA", "RGBA"} or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode == "1" and wanted.smooths:  # greys may be told by the density of dots
        return image.convert("L").filter(ImageFilter.GaussianBlur(min(1.2, max(image.size) / 200)))
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in {"L", "F", "RGB"} else image.convert("RGB")


def small(image: Any) -> Any:
    """An image shrunk to what is worked on."""
    from PIL import Image

    scale = WORK / max(image.size)
    if scale >= 1:
        return image
    size = tuple(max(1, round(side * scale)) for side in image.size)
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def upright(image: Any, turn: int | None) -> Any:
    """An image turned as `image_of` has told."""
    from PIL import Image

    return image if turn is None else image.transpose(Image.Transpose(turn))


def _turn(exif: Any) -> int | None:
    return _TURNS.get(exif.get(_ORIENTATION, 1))


def _array(image: Any) -> Colours:
    """With as many channels as there is need of."""
    array = np.asarray(image, dtype=np.float32)
    if array.ndim == 2:
        return array[..., None]
    if array.shape[2] == 4:
        array = _on_ground(array)
    if (np.ptp(array, axis=2) < 1).all():
        array = array[..., :1]
    return array


def _on_ground(array: Colours) -> Colours:
    """Strokes of one colour on nothing are their opacity; else what is transparent gets a colour that is no ink's."""
    alpha, colours = array[..., 3:] / np.float32(255), array[..., :3]
    if alpha.min() > 0.9:
        return colours
    seen = alpha[..., 0] > 0.5
    inked = colours[seen]
    usual = np.median(inked, axis=0) if len(inked) else np.zeros(3, dtype=np.float32)
    is_of_one = len(inked) == 0 or (np.abs(inked - usual).max(axis=1) < ONE_COLOUR).mean() > 0.97
    if seen.mean() < 0.6 and is_of_one:
        return array[..., 3:]
    if seen.mean() < 0.4:
        usual = np.full(3, 0 if inked.mean() > 127 else 255, dtype=np.float32)
    return np.asarray(colours * alpha + usual * (1 - alpha), dtype=np.float32)


_ORIENTATION = 0x0112  # tag of EXIF
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # what `Image.transpose` has to do, by orientation
