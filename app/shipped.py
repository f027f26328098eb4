"""Files that come with the code: in a checkout beside the package, in an installed wheel inside of it."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSIDE = "_shipped"  # the folder of the wheel, which setup.py fills


def shipped(name: str) -> Path:
    """The folder `migrations`, `models_store` or `clients`."""
    inside = PACKAGE / INSIDE / name
    return inside if inside.is_dir() else PACKAGE.parent / name
