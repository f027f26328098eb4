"""What a file of a picture announces, held to limits before anything of it is unpacked.

A reader of files takes as much memory and time as they ask for: a PNG may have two heads of which one lies, or millions
of parts; a JPEG may be gone through again and again.
"""

from typing import Any

from app.encoding.pictures import large_png

MAX_PIXELS = 64_000_000
MAX_SIDE = 30_000  # pixels: some hundred rows are held at once
MAX_WHOLE = 160_000_000  # bytes of a picture that cannot be shrunk while it is decoded
MOST_PARTS = 65_536  # of a file; encoders write 8 to 64 kB in each
MOST_SCANS = 500  # of a JPEG; encoders write about ten, and a file's appendix may look like some hundred

_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}  # of a pixel in Pillow's memory, by mode; else 4
_WITHOUT_LENGTH = frozenset([0x00, 0x01, *range(0xD0, 0xD9), 0xFF])  # what may follow on 0xFF, and no segment's length
_SCAN = b"\xff\xda"


def check_parts(content: bytes) -> None:
    """That a file has one head, before all else, and no more parts than pictures have.

    Raises:
        ValueError: it has not.
    """
    if content.startswith(large_png.SIGNATURE):
        _check_chunks(content)
    elif content.startswith(b"\xff\xd8"):
        _in_first_scan(content)


def check_size(image: Any, content: bytes) -> None:
    """That an opened picture, of which only the head was read, is not too large.

    Raises:
        ValueError: it is.
    """
    pixels = image.width * image.height
    size = f"has {image.width} × {image.height} pixels; the limit"
    if pixels > MAX_PIXELS:
        raise ValueError(f"{size} is {MAX_PIXELS // 10**6} million in all")
    if max(image.size) > MAX_SIDE:
        raise ValueError(f"{size} of a side is {MAX_SIDE}")
    is_png = image.format == "PNG"
    taken = _of_png(image, content) if is_png else _of_jpeg(image, content)
    if taken > MAX_WHOLE:
        kind = "a PNG that is interlaced or of 16 bits" if is_png else "a JPEG of several scans, as progressive ones"
        raise ValueError(f"{size} of {kind} is {MAX_WHOLE * pixels // taken // 10**6} million")


def _check_chunks(content: bytes) -> None:
    for number, (kind, data) in enumerate(large_png.chunks(content)):
        is_head = kind == b"IHDR" and len(data) >= large_png.HEAD
        if is_head != (number == 0) or number >= MOST_PARTS:
            raise ValueError("is damaged")


def _of_png(image: Any, content: bytes) -> int:
    """Bytes that it takes at once."""
    return 0 if large_png.is_one(content) else image.width * image.height * _BYTES.get(image.mode, 4)


def _of_jpeg(image: Any, content: bytes) -> int:
    """Bytes of coefficients that it takes, two for each sample, if it is not all in one scan."""
    samples = [across * down for _, across, down, _ in image.layer]
    if not samples or not all(samples):
        raise ValueError("is damaged")
    if not image.info.get("progressive") and _in_first_scan(content) >= len(samples):
        return 0
    if content.count(_SCAN) > MOST_SCANS:
        raise ValueError(f"has more than {MOST_SCANS} scans")
    return sum(2 * image.width * image.height * count // max(samples) for count in samples)


def _in_first_scan(content: bytes) -> int:
    """How many of a JPEG's components are."""
    place = 2
    for _ in range(MOST_PARTS):
        place = content.find(b"\xff", place)
        if not 0 <= place < len(content) - 4:
            break
        marker = content[place + 1]
        if marker == _SCAN[1]:
            return content[place + 4]
        if marker in _WITHOUT_LENGTH:
            place += 1 if marker == 0xFF else 2
        else:
            place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    raise ValueError("is damaged")
