"""Disks that are full."""

import shutil
from pathlib import Path

ROOM = 8 * 2**10  # bytes that are left


def fill(disk: Path) -> Path:
    """Leave some KiB on a small disk; returns the file that takes the rest."""
    full = disk / "full"
    full.write_bytes(bytes(shutil.disk_usage(disk).free - ROOM))
    return full
