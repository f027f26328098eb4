"""Which of the ink is the digit: frames, specks and clicks are left out, and several digits are refused."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.encoding.pictures.background import Ink, Plane
from app.encoding.pictures.lines import without_cuts, without_lines
from app.encoding.pictures.pieces import ALIKE, Chosen, Pieces
from app.encoding.pictures.signs import check_parts

FAINT = 0.2  # share of ink below which a pixel is counted as ground
STRONG = 30.0  # grey values of contrast; fainter ink at the edge of a shaded picture is its shading
MOST_PIECES = 4  # of one digit
WIDE = 2.2  # times as wide as high is no digit of MNIST
COHERENT = 0.6  # of the ink belongs to the digit, at least

SEVERAL = "shows more than one digit; send a picture of each"
UNCLEAR = "shows no digit that can be told from the rest"


@dataclass(frozen=True)
class Digit:
    """The ink of one digit, cut out."""

    share: Plane  # (rows, columns), 0 to 1; touches all four sides
    box: tuple[slice, slice]  # its rows and columns in the picture
    doubts: tuple[str, ...]  # what speaks against its being one digit


def digit_of(ink: Ink, *, mended: bool = False) -> Digit:
    """The digit among the ink; `mended` if lines of paper over it are taken for cuts.

    Raises:
        ValueError: there is none, or several.
    """
    share = without_lines(ink.share)
    share = without_cuts(share) if mended else share
    pieces = Pieces(share > FAINT)
    candidates = pieces.candidates(ink.is_even or ink.contrast >= STRONG)
    kept, apart = pieces.of_digit(candidates)
    doubts = _check(pieces, kept, apart, candidates)
    mask = pieces.mask_of(kept)
    if not kept.all():
        from scipy import ndimage

        others = ndimage.binary_dilation(pieces.mask_of(~kept), np.ones((3, 3)), 3)
        share = np.where(others & ~mask, 0, share)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    return Digit(share[box], box, doubts)


def _check(pieces: Pieces, kept: Chosen, apart: Chosen, candidates: Chosen) -> tuple[str, ...]:
    """Doubts whether the pieces that were kept are one digit.

    Raises:
        ValueError: they are not.
    """
    long = max(np.ptp([pieces.top[kept].min(), pieces.bottom[kept].max()]),
               np.ptp([pieces.left[kept].min(), pieces.right[kept].max()]))  # fmt: skip
    others = candidates & ~kept
    if _stand_side_by_side(pieces, kept) or (others & (pieces.long >= ALIKE * long) & ~pieces.is_dot).any():
        raise ValueError(SEVERAL)
    if kept.sum() > MOST_PIECES or pieces.area[kept].sum() < COHERENT * pieces.area[candidates].sum():
        raise ValueError(UNCLEAR)
    main = int(np.argmax(np.where(kept, pieces.long * np.sqrt(pieces.area), 0)))
    doubts = list(check_parts(pieces, main, kept, apart, candidates))
    if np.ptp([pieces.left[kept].min(), pieces.right[kept].max()]) > WIDE * np.ptp(
        [pieces.top[kept].min(), pieces.bottom[kept].max()]
    ):
        doubts.append("shows something much wider than high")
    if (others & (pieces.long >= 0.1 * long)).sum() > 2:
        doubts.append("shows other marks beside the digit, which were left out")
    if pieces.area[kept].sum() < COHERENT * pieces.area[~pieces.frames()].sum():
        doubts.append("shows more that runs off the picture than what was read")
    return tuple(doubts)


def _stand_side_by_side(pieces: Pieces, kept: Chosen) -> bool:
    tall = np.flatnonzero(kept & (pieces.high >= 0.6 * pieces.high[kept].max()))
    order = tall[np.argsort(pieces.left[tall])]
    for one, other in pairwise(order.tolist()):
        overlap = pieces.right[one] - pieces.left[other]
        if overlap <= 0.1 * min(pieces.wide[one], pieces.wide[other]):
            return True
    return False
