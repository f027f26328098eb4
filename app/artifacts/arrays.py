"""Arrays as an artifact's files hold them."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray


def arrays_in(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file by name; nothing in it is ever unpickled.

    Raises:
        Exception: of many kinds, where it is none.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
