"""Pictures of digits as MNIST has them: light ink on black, the digit in a box of 20 pixels, its mass in the middle."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.background import Colours, Ink, Plane, ink_of
from app.encoding.pictures.files import colours_of, content_of
from app.encoding.pictures.ink import FAINT, UNCLEAR, Digit, digit_of
from app.encoding.pictures.pieces import NOTHING
from app.encoding.pictures.ready import BOX, SIDE, Pixels, ready
from app.encoding.pictures.sheet import Sheet, convexity, sheets_in
from app.encoding.pictures.signs import doubts_of_shape
from app.encoding.pictures.strokes import with_usual_strokes

LEAST = 12  # of it as it was sent; of smaller ones a third are read wrongly
OUTLINE = 0.5  # of the box of a sheet and of what was read, that they share if that is the sheet's outline
LEVEL, ASKEW = 2.0, 30.0  # degrees that a sheet is tilted by: less is none, more may be half of a quarter turn
SOLID = 0.75  # of its convex hull is ink, of a hole, and of a one
ROOM = 3.0  # times the width of a one is free beside it

HOLE = "shows a bar on a sheet, or the hole of a zero"


@dataclass(frozen=True)
class Reading:
    """What was read from a picture."""

    pixels: Pixels
    doubts: tuple[str, ...]  # what speaks against its being one digit


def read(text: str) -> Reading:
    """The digit of a picture in base64.

    Raises:
        ValueError: it is no such picture, too large, blank, or shows no digit, or several.
    """
    return reading_of(colours_of(content_of(text)))


def reading_of(colours: Colours) -> Reading:
    """The digit of a picture: its ink, scaled to 20 pixels, its centre of mass in the middle.

    As MNIST's pictures were made of NIST's (LeCun et al. 1998). One that is like these already stays as it is, and
    what else would be refused of it is doubted: in MNIST too something may lie beside a digit.

    Raises:
        ValueError: it shows no digit, or several.
    """
    pixels = ready(colours)
    if pixels is None:
        return _reading(_found(colours))
    try:
        return replace(_reading(_found(colours)), pixels=pixels)
    except ValueError as error:
        return Reading(pixels, (str(error),))


def _reading(digit: Digit) -> Reading:
    """Scaled and centred, with all that speaks against it."""
    doubts = digit.doubts
    if max(side.stop - side.start for side in digit.box) < LEAST:
        doubts = (*doubts, f"shows a digit of fewer than {LEAST} pixels")
    return Reading(_placed(_fitted(digit.share)), doubts)


def _found(colours: Colours) -> Digit:
    """The digit on one of the sheets that a picture shows, or else in the whole of it, with strokes as usual.

    Raises:
        ValueError: there is none, or several.
    """
    sheets, crossed = list(sheets_in(colours)), []
    doubtful, error = None, None
    for sheet in sheets:
        try:
            digit = _on_sheet(sheet)
        except ValueError as caught:
            error = error or caught
            continue
        if digit is None:
            error = error or ValueError("shows something that goes on beyond the edge of a sheet or a shadow")
            crossed.append(sheet)
            continue
        if not digit.doubts:
            return digit
        doubtful = doubtful or digit
    if doubtful and HOLE not in doubtful.doubts:
        return doubtful
    try:
        return _beside(colours, sheets, crossed)
    except ValueError as caught:
        if doubtful:
            return doubtful
        raise error or caught from None


def _beside(colours: Colours, sheets: list[Sheet], crossed: list[Sheet]) -> Digit:
    """The digit of the whole picture, if it is none of its sheets: on some of them ink goes on beyond their edge.

    Raises:
        ValueError: it is, or there is none, or several.
    """
    digit, usual = _in(colours)
    if any(_is_outline(digit, sheet) for sheet in sheets):
        raise ValueError(NOTHING)
    if any(_covered(digit, sheet) > OUTLINE for sheet in crossed):  # it is the paper, not the ink
        raise ValueError(UNCLEAR)
    return replace(digit, share=usual)


def _in(colours: Colours) -> tuple[Digit, Plane]:
    """The digit of a picture without sheets; and its ink again, the strokes as wide as usual."""
    short = [(0, max(0, 3 - side)) for side in colours.shape[:2]]
    ink = ink_of(np.pad(colours, [*short, (0, 0)], mode="edge"))
    if ink is None:
        raise ValueError("shows nothing: it has hardly any contrast")
    try:
        first = _usual(ink, mended=False)
    except ValueError as refused:
        try:
            return _usual(ink, mended=True)  # strokes may be cut in pieces
        except ValueError:
            raise refused from None
    if not first[0].doubts:
        return first
    try:
        second = _usual(ink, mended=True)
    except ValueError:
        return first
    return second if len(second[0].doubts) < len(first[0].doubts) else first


def _usual(ink: Ink, *, mended: bool) -> tuple[Digit, Plane]:
    digit = digit_of(ink, mended=mended)
    usual = with_usual_strokes(digit.share)
    return replace(digit, doubts=(*digit.doubts, *doubts_of_shape(digit.share))), usual


def _on_sheet(sheet: Sheet) -> Digit | None:
    """What is written on a sheet; None if it goes on where the sheet ends.

    Raises:
        ValueError: nothing, or several digits.
    """
    digit, usual = _in(sheet.colours)
    if _goes_beyond(digit, sheet):
        return None
    doubts = (*digit.doubts, HOLE) if _is_hole(digit, sheet) else digit.doubts
    return Digit(_turned(usual, sheet.tilt), digit.box, doubts)


def _goes_beyond(digit: Digit, sheet: Sheet) -> bool:
    """Whether ink goes on where the sheet ends, save at the picture's own edge."""
    for within, outer, side in zip(digit.box, sheet.box, sheet.mask.shape, strict=True):
        if (within.start < 2 and outer.start > 0) or (within.stop > outer.stop - outer.start - 2 and outer.stop < side):
            return True
    beside = ~sheet.mask[sheet.box][digit.box]
    return bool((digit.share[beside] > FAINT).sum() > 3)


def _is_hole(digit: Digit, sheet: Sheet) -> bool:
    """Whether what was taken for a sheet is the stroke of a zero, and what is on it the hole.

    That is a blob, and not much narrower than what is round it.
    """
    from scipy import ndimage

    ink = np.pad(digit.share > 0.5, 1)
    if convexity(ink, 1)[0] < SOLID:
        return False
    paper = np.pad(sheet.mask[sheet.box], 1)
    rows, columns = digit.box
    paper[rows.start : rows.stop + 2, columns.start : columns.stop + 2] &= ~ink
    room, width = (float(ndimage.distance_transform_edt(each).max()) for each in (paper, ink))
    return room < ROOM * width


def _turned(share: Plane, tilt: float) -> Plane:
    """Upright, if it was written along a sheet that lies askew."""
    from PIL import Image

    if not LEVEL < abs(tilt) < ASKEW:
        return share
    turned = np.asarray(Image.fromarray(share).rotate(tilt, Image.Resampling.BILINEAR, expand=True))
    rows, columns = np.flatnonzero((turned > FAINT).any(axis=1)), np.flatnonzero((turned > FAINT).any(axis=0))
    return turned[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _is_outline(digit: Digit, sheet: Sheet) -> bool:
    """Whether what was taken for a digit is the outline of a sheet."""
    within = [(max(one.start, other.start), min(one.stop, other.stop))
              for one, other in zip(digit.box, sheet.box, strict=True)]  # fmt: skip
    common = float(np.prod([max(0, stop - start) for start, stop in within]))
    both = sum(np.prod([each.stop - each.start for each in box]) for box in (digit.box, sheet.box)) - common
    return bool(common > OUTLINE * both and _covered(digit, sheet) < OUTLINE)


def _covered(digit: Digit, sheet: Sheet) -> float:
    """How much of a sheet is what was taken for ink."""
    return float(digit.share[sheet.mask[digit.box]].sum() / sheet.mask.sum())


def _fitted(share: Plane) -> NDArray[np.float64]:
    """Scaled so that the longer side has 20 pixels; 0 to 255."""
    from PIL import Image

    scale = BOX / max(share.shape)
    size = (max(1, round(share.shape[1] * scale)), max(1, round(share.shape[0] * scale)))
    small = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.LANCZOS), dtype=np.float64)
    small = np.maximum(small, 0)
    return np.asarray(small * (255 / small.max()))


def _placed(small: NDArray[np.float64]) -> Pixels:
    picture = np.zeros((SIDE, SIDE), dtype=np.uint8)
    mass = small.sum()
    corner = []
    for axis, length in enumerate(small.shape):
        middle = float((small.sum(axis=1 - axis) * (np.arange(length) + 0.5)).sum() / mass)
        corner.append(int(np.clip(round(SIDE / 2 - middle), 0, SIDE - length)))
    top, left = corner
    picture[top : top + small.shape[0], left : left + small.shape[1]] = np.round(small)
    return picture
