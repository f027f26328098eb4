"""A picture of any size as a square of bytes."""

import io
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.encoding.pictures.limits import check_parts, check_size


def read_scaled(
    data: bytes, size: int, colours: Literal["grey", "rgb"], scaling: Literal["digit", "fit", "centre", "crop"]
) -> NDArray[np.uint8]:
    """(size, size) or (size, size, 3), row by row.

    Raises:
        ValueError: it is no PNG or JPEG, damaged, or too large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    check_parts(data)
    try:
        image: Any = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
    except UnidentifiedImageError as error:
        raise ValueError("is neither PNG nor JPEG") from error
    check_size(image, data)
    try:
        image = ImageOps.exif_transpose(image).convert("L" if colours == "grey" else "RGB")
        fitted = ImageOps.fit if scaling == "crop" else ImageOps.pad
        return np.asarray(fitted(image, (size, size)), dtype=np.uint8)
    except Exception as error:  # Pillow has many ways to find that a file is not what it says
        raise ValueError("is damaged, or not all there") from error
