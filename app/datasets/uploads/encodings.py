"""How the characters of a text file are written: UTF-8, UTF-16, or Windows-1252."""

import codecs
from typing import BinaryIO

from app.datasets.uploads.problems import at

CHUNK = 2**20  # bytes read at once
SAMPLE = 2**16  # bytes that tell text from other things

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(code for code in range(1, 32) if code not in b"\t\n\r\f\v\x1b\x1a")
_UNUSED = b"\x81\x8d\x8f\x90\x9d"  # no characters of Windows-1252
NAMES = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "cp1252": "windows-1252"}


def encoding_of(file: BinaryIO) -> str:
    """The codec's name. The whole file is gone through, so that no line surprises later.

    Raises:
        Problem: it is not text, or in an encoding that is not known here.
    """
    file.seek(0)
    sample = file.read(SAMPLE)
    for mark, name in _MARKS:
        if sample.startswith(mark):
            if name == "utf-8-sig":
                _checked(file)
            return name
    if b"\0" in sample:
        return _with_zeros(sample)
    if len(sample) - len(sample.translate(None, _CONTROLS)) > max(8, len(sample) / 100):
        found = {*_CONTROLS} & {*sample}
        raise at(_line_of(sample, min(map(sample.index, found))), "the file is binary data, not text")
    return _checked(file)


def _with_zeros(sample: bytes) -> str:
    """UTF-16 without a mark has zeros in every other place, where most characters are of Europe."""
    half = max(1, len(sample) // 2)
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if even < 0.05 and odd > 0.3:
        return "utf-16-le"
    if odd < 0.05 and even > 0.3:
        return "utf-16-be"
    raise at(_line_of(sample, sample.index(0)), "holds a zero byte: the file is binary data, not text")


def _line_of(sample: bytes, place: int) -> int:
    return sample.count(b"\n", 0, place) + 1


def _checked(file: BinaryIO) -> str:
    """UTF-8, if all of it is; Windows-1252 if the first that is not ASCII is not UTF-8."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    name, lines, is_ascii = "utf-8", 1, True
    while chunk := file.read(CHUNK):
        if b"\0" in chunk:
            raise at(lines + chunk[: chunk.index(b"\0")].count(b"\n"), "holds a zero byte: is the file text?")
        if name == "utf-8":
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                place = max(0, error.start - pending)
                if not is_ascii or not chunk[:place].isascii():
                    line = lines + chunk[:place].count(b"\n")
                    raise at(
                        line, f"byte 0x{error.object[error.start]:02x} is not UTF-8, as those before are"
                    ) from error
                name = "cp1252"
        if name == "cp1252":
            _refuse_unused(chunk, lines)
        is_ascii = is_ascii and chunk.isascii()
        lines += chunk.count(b"\n")
    if name == "utf-8" and decoder.getstate()[0]:
        if not is_ascii:
            raise at(lines, "ends within a character: is the file complete?")
        name = "cp1252"
    return name


def _refuse_unused(chunk: bytes, lines: int) -> None:
    places = [place for code in _UNUSED if (place := chunk.find(code)) >= 0]
    if places:
        place = min(places)
        line = lines + chunk[:place].count(b"\n")
        raise at(line, f"byte 0x{chunk[place]:02x} is neither UTF-8 nor Windows-1252; save the file as UTF-8")
