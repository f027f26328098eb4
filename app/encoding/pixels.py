"""Grey values of square pictures."""

from typing import Any

import numpy as np

from app.encoding.encoder import Columns
from app.encoding.rows import ByteRows, Encoded

SIDE = 28  # pixels
WHITE = 255  # the largest grey value


class PixelEncoder:
    """Grey values to the range 0 to 1."""

    width = SIDE * SIDE

    def encode(self, columns: Columns) -> Encoded:
        """(rows, 784): float32, or the bytes themselves, as datasets have them."""
        pixels = np.asarray(columns["pixels"])
        if pixels.dtype == np.uint8:
            return ByteRows(pixels.reshape(-1, self.width), WHITE)
        return pixels.astype(np.float32, copy=False).reshape(-1, self.width) / np.float32(WHITE)

    def to_json(self) -> dict[str, Any]:
        """The content of `preprocessing.json`."""
        return {"kind": "pixels", "shape": [SIDE, SIDE], "scale": WHITE}
