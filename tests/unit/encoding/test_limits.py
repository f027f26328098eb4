"""Files that ask for more memory or time than any picture: they are refused by what they announce."""

import io
import struct
import tracemalloc
import zlib

import pytest
from PIL import Image

from app.encoding.pictures.digit import read
from app.encoding.pictures.files import colours_of, content_of
from app.encoding.pictures.large_png import SIGNATURE
from app.encoding.pictures.limits import MAX_SIDE, MOST_PARTS, MOST_SCANS

GREY, RGBA = 0, 6  # colour types of PNG
SEQUENTIAL, PROGRESSIVE = 0xC0, 0xC2  # JPEG's kinds of frames


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def head(wide: int, high: int, colours: int = GREY) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, colours, 0, 0, 0))


END = chunk(b"IDAT", zlib.compress(bytes(101 * 100))) + chunk(b"IEND")


@pytest.mark.parametrize(
    "parts",
    [
        # Pillow goes by the last head, and rows were counted by the first: two gigabytes for two megabytes.
        head(2**31 - 1, 2**30, RGBA) + head(2100, 2000, RGBA) + END,
        head(100, 100) + END[:-12] + head(100, 100) + END[-12:],
        chunk(b"tEXt", b"a\0b") + head(100, 100) + END,
        head(100, 100) + chunk(b"teSt") * MOST_PARTS + END,
        head(100, 100)[:20],
    ],
    ids=["two heads", "a head at the end", "a late head", "many parts", "half a head"],
)
def test_a_png_has_one_head_and_no_more_parts_than_pictures_have(parts: bytes) -> None:
    with pytest.raises(ValueError, match=r"^is damaged$"):
        colours_of(SIGNATURE + parts)


def test_what_follows_on_a_png_is_no_part_of_it() -> None:
    content = SIGNATURE + head(100, 100) + END + bytes(16 * MOST_PARTS)

    assert (100, 100, 1) == colours_of(content).shape


@pytest.mark.parametrize("size", [(MAX_SIDE + 1, 1), (1, MAX_SIDE + 1)])
def test_the_length_of_a_side_is_limited(size: tuple[int, int]) -> None:
    """A row of 64 million pixels took a gigabyte and a half."""
    file = io.BytesIO()
    Image.new("L", size).save(file, "PNG")

    with pytest.raises(ValueError, match=f"the limit of a side is {MAX_SIDE}"):
        colours_of(file.getvalue())


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def frame(kind: int, wide: int, high: int, sampling: list[int]) -> bytes:
    """As a JPEG begins: tables, of which each has one code, and the frame."""
    tables = segment(0xDB, b"\0" + b"\1" * 64)
    tables += b"".join(segment(0xC4, bytes([place, 1, *[0] * 16])) for place in (0x00, 0x10))
    components = b"".join(bytes([number, factors, 0]) for number, factors in enumerate(sampling, 1))
    return b"\xff\xd8" + tables + segment(kind, struct.pack(">BHHB", 8, high, wide, len(sampling)) + components)


def scan(*components: int, last: int = 63, blocks: int = 0) -> bytes:
    chosen = b"".join(bytes([number, 0]) for number in components)
    return segment(0xDA, bytes([len(components)]) + chosen + bytes([0, last, 0])) + bytes(blocks // 4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (frame(PROGRESSIVE, 100, 100, [0, 0, 0]) + scan(1, 2, 3, last=0, blocks=700), "is damaged"),
        (frame(PROGRESSIVE, 100, 100, [0x11]) + scan(1, last=0, blocks=700) * (MOST_SCANS + 1), "500 scans"),
        (frame(SEQUENTIAL, 8000, 7900, [0x11] * 3) + scan(1) + scan(2) + scan(3), "several scans.* is 26 million"),
        (frame(SEQUENTIAL, 8000, 7900, [0x22, 0x11, 0x11]) + scan(1) + scan(2, 3), "several scans.* is 53 million"),
        (frame(SEQUENTIAL, 100, 100, [0x11]) + segment(0xE5, b"") * MOST_PARTS + scan(1, blocks=700), "is damaged"),
        (frame(SEQUENTIAL, 100, 100, [0x11]), "is damaged"),
    ],
    ids=["no samples", "many scans", "a scan each", "a scan for colours", "many segments", "no scan"],
)
def test_a_jpeg_is_not_gone_through_again_and_again(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        colours_of(content + b"\xff\xd9")


def test_a_jpeg_in_a_scan_for_each_colour_is_read_if_it_is_not_large() -> None:
    content = frame(SEQUENTIAL, 80, 80, [0x11] * 3) + b"".join(scan(number, blocks=100) for number in (1, 2, 3))

    assert (80, 80, 1) == colours_of(content + b"\xff\xd9").shape


@pytest.mark.parametrize("between", [" ", "%0A", "\r\n"])
def test_base64_in_many_pieces_takes_little_more_room_than_in_one(between: str) -> None:
    text = "AAAA" + ("AB" + between) * 200_000 + "AB"
    tracemalloc.start()
    content_of(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 5 * len(text)


def test_what_is_beyond_ascii_is_not_base64() -> None:
    with pytest.raises(ValueError, match="is not base64"):
        read("data:image/png;base64,iVBORw0KGgoÄ")
