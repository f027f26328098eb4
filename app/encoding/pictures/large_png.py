"""Large PNGs, shrunk while they are unpacked: Pillow holds four bytes of each pixel, a telephone's sixty million.

Rows of a PNG are filtered by the row above, and so a part of one is a PNG again if it begins with that row. So the
file is unpacked some rows at a time, each part is decoded by Pillow and shrunk, and what is left is put together.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

LEAST_PIXELS = 4_000_000
PART = 1_000_000  # pixels that are unpacked at once
READ = 65_536  # bytes of the file that are read at once
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
KEPT = (b"PLTE", b"tRNS")
HEAD = 13  # bytes of the part that says how large it is

Chunk = tuple[bytes, memoryview]


def is_one(content: bytes) -> bool:
    """Whether a PNG is large, and can be read so: of eight bits, and not interlaced."""
    width, height, depth, kind, _, _, interlaced = struct.unpack_from(">IIBBBBB", content, 16)
    return bool(width * height >= LEAST_PIXELS and depth == 8 and kind in CHANNELS and not interlaced)


def exif(content: bytes) -> Any:
    """What the camera noted: to ask Pillow for it would unpack the whole."""
    from PIL import Image

    found = Image.Exif()
    found.load(next((bytes(data) for kind, data in chunks(content) if kind == b"eXIf"), b""))
    return found


def shrunk(content: bytes, factor: int) -> Any:
    """The picture with as many pixels as it has, divided by the square of `factor`.

    Raises:
        ValueError, OSError, zlib.error: it is damaged, or not all there.
    """
    from PIL import Image

    every = list(chunks(content))
    head = [(kind, bytes(data)) for kind, data in every if kind in KEPT]
    width, height = struct.unpack_from(">II", content, 16)
    channels = CHANNELS[content[25]]
    row = 1 + width * channels
    step = max(1, PART // width // factor) * factor
    done, above, parts = 0, b"", []
    for rows in _parts(every, row, step, height):
        count = len(rows) // row
        part: Any = Image.open(io.BytesIO(_png(content, width, above + rows, row, head)))
        part.load()
        box = (0, 1 if above else 0, width, part.height)
        above = b"\0" + part.crop((0, part.height - 1, width, part.height)).tobytes()
        if "transparency" in part.info or part.mode in {"P", "LA"}:
            part = part.convert("RGBA")
        parts.append(part.reduce(factor, box))
        done += count
    if done < height:
        raise ValueError("ends too early")
    return stacked(parts)


def stacked(parts: list[Any]) -> Any:
    """One image of several of the same width, from above to below."""
    from PIL import Image

    whole = Image.new(parts[0].mode, (parts[0].width, sum(part.height for part in parts)))
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    return whole


def chunks(content: bytes) -> Iterator[Chunk]:
    """A PNG's parts: their kinds and what they hold."""
    view, place = memoryview(content), 8
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        yield kind, view[place + 8 : place + 8 + length]
        if kind == b"IEND":
            return
        place += 12 + length


def _parts(every: list[Chunk], row: int, step: int, height: int) -> Iterator[bytes]:
    """Filtered rows, `step` at a time: never more of them than the picture's head has announced."""
    unpack = zlib.decompressobj()
    left, held = row * height, bytearray()
    pieces = (data[at : at + READ] for kind, data in every if kind == b"IDAT" for at in range(0, len(data), READ))
    for piece in pieces:
        waiting: Any = piece
        while waiting and left:
            got = unpack.decompress(waiting, min(left, row * step - len(held)))
            waiting = unpack.unconsumed_tail
            held += got
            left -= len(got)
            if len(held) == row * step or not left:
                yield bytes(held)
                held.clear()
            if not got and unpack.eof:
                return


def _png(content: bytes, width: int, rows: bytes, row: int, head: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these rows."""
    described = struct.pack(">II", width, len(rows) // row) + content[24:29]
    parts = [(b"IHDR", described), *head, (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")]
    whole = [SIGNATURE]
    for kind, data in parts:
        whole += [struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))]
    return b"".join(whole)
