"""Disks that are full, and disks that take nothing."""

import shutil
import subprocess
from pathlib import Path

ROOM = 8 * 2**10  # bytes that are left


def fill(disk: Path) -> Path:
    """Leave some KiB on a small disk; returns the file that takes the rest."""
    full = disk / "full"
    full.write_bytes(bytes(shutil.disk_usage(disk).free - ROOM))
    return full


def protect(disk: Path) -> None:
    """From now on it can only be read."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


# What may be wrong with a disk, and what the system says of it.
TROUBLES = {"No space left on device": fill, "Read-only file system": protect}
