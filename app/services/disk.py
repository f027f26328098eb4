"""How much disk the parts of an installation take."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.wire.system import Disk


@dataclass(frozen=True)
class Places:
    """Where the parts lie."""

    models: Path
    datasets: Path
    uploads: Path
    caches: tuple[Path, ...]


def disk(database: int, places: Places) -> Disk:
    """In bytes; `database` is its own count."""
    return Disk(
        database=database,
        models=size_of(places.models),
        datasets=sum(map(size_of, {places.datasets, places.uploads})),
        cache=sum(map(size_of, places.caches)),
    )


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; 0 of one that is not there."""
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # it has just gone
                if entry.is_dir(follow_symlinks=False):
                    yield from _sizes(Path(entry.path))
                else:
                    yield entry.stat(follow_symlinks=False).st_size
