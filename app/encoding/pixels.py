"""Grey values or colours of square pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.encoding.encoder import Columns
from app.encoding.rows import ByteRows, Encoded, FloatMatrix

SIDE = 28  # pixels of a digit's picture
WHITE = 255  # the largest grey value
ENOUGH = 1_000  # pictures that tell the usual ground

Shape = tuple[int, ...]  # (size, size), or (size, size, 3)


class PixelEncoder:
    """Grey values or colours to the range 0 to 1."""

    def __init__(self, shape: Shape = (SIDE, SIDE), ground: list[int] | None = None) -> None:
        """`ground`: the usual colour of the pictures' edges, a value for each channel, where it is not black."""
        self.shape = shape
        self.width = int(np.prod(shape))
        self._ground = ground
        self.usual: FloatMatrix | None = None  # (width,) an encoded picture of nothing but ground, if that is not black
        if ground is not None:
            blank = np.broadcast_to(np.array(ground, dtype=np.float32), (*shape[:2], len(ground)))
            self.usual = blank.reshape(self.width) / np.float32(WHITE)  # to the last bit as `encode` has it

    @classmethod
    def fit(cls, columns: Columns, shape: Shape) -> "PixelEncoder":
        """The encoder of pictures whose ground is known from those of a training split.

        Raises:
            ValueError: they are not of this shape.
        """
        pictures = _rows(columns, int(np.prod(shape)))[:ENOUGH].reshape(-1, *shape[:2], *(shape[2:] or (1,)))
        ring = [pictures[:, 0], pictures[:, -1], pictures[:, 1:-1, 0], pictures[:, 1:-1, -1]]
        return cls(shape, np.rint(np.median(np.concatenate(ring, axis=1), axis=(0, 1))).astype(int).tolist())

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], shape: Shape) -> "PixelEncoder":
        """The encoder that `to_json` described.

        Raises:
            KeyError, TypeError, ValueError: it describes none, or one for pictures of another shape.
        """
        if (saved["kind"], saved["scale"]) != ("pixels", WHITE):
            raise ValueError(f"unknown preprocessing {saved['kind']!r}")
        if tuple(saved["shape"]) != shape:
            raise ValueError(f"is for pictures of {_times(saved['shape'])}, not {_times(shape)}")
        return cls(shape, saved.get("ground"))

    def encode(self, columns: Columns) -> Encoded:
        """(rows, width): float32, or the bytes themselves, as datasets have them.

        Raises:
            ValueError: they are of another width.
        """
        pixels = _rows(columns, self.width)
        if pixels.dtype == np.uint8:
            return ByteRows(pixels, WHITE)
        shares: FloatMatrix = np.divide(pixels, np.float32(WHITE), dtype=np.float32)
        return shares

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        ground = {} if self._ground is None else {"ground": self._ground}
        return {"kind": "pixels", "shape": list(self.shape), "scale": WHITE, **ground}


def _rows(columns: Columns, width: int) -> NDArray[Any]:
    """(rows, width) the pictures, a row each."""
    pixels = np.asarray(columns["pixels"])
    found = int(np.prod(pixels.shape[1:]))
    if found != width:
        raise ValueError(f"column pixels has {found:,} numbers in each row, not {width:,}")
    return pixels.reshape(-1, width)


def _times(shape: Any) -> str:
    return " × ".join(str(length) for length in shape)
