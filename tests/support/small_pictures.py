"""Small pictures, as files."""

import base64
import io
import zipfile

import numpy as np
from PIL import Image


def png(seed: int, size: int = 20, form: str = "PNG") -> bytes:
    """A picture of noise."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size, size, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, form)
    return target.getvalue()


def base64_of(seed: int) -> str:
    """The same as a text."""
    return base64.b64encode(png(seed)).decode()


def zipped(files: dict[str, bytes]) -> bytes:
    """An archive of files by name."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
