"""How processes see one another's counts: each keeps a file of them, in a folder under the home.

A process that has ended leaves its last one behind, so that what was counted stays counted. Whoever is asked for the
metrics writes its own first: another process that is asked next must not know less, which would read as a restart.
"""

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from app.logs import get as get_log
from app.metrics.catalog import COUNTED
from app.metrics.tally import Sample, Tally

log = get_log()

WRITE_SECONDS = 1.0  # between two looks whether there is something new to write
RENEW_SECONDS = 5.0  # a file is written so often in any case: it says that its process is alive
STALE_SECONDS = 60.0  # a file that was not written for so long is of a process that has ended
_WIDTHS = {metric.name: (len(metric.labels), metric.width) for metric in COUNTED}


def folder_in(home: Path) -> Path:
    """Where the files lie."""
    return home / "metrics"


def clear(folder: Path, *, stale_only: bool) -> None:
    """Forget what former processes have counted; `stale_only`: others may be running, whose files stay."""
    before = time.time() - STALE_SECONDS
    for path in folder.glob("*.json*"):
        with suppress(OSError):
            if not stale_only or path.stat().st_mtime < before:
                path.unlink()


class Snapshots:
    """A process's file, and a look at those of the others."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        self._folder = folder
        self._tally = tally
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        self._lock = Lock()  # over the file
        self._written: list[Sample] = []
        self._written_at = -RENEW_SECONDS
        self._failed = False
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Write the file whenever there is something new, from now on."""
        self._thread = Thread(target=self._keep_writing, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write it a last time."""
        self._stop.set()
        if self._thread:
            self._thread.join()
            self.write()

    def collect(self) -> list[Sample]:
        """Of all processes; of this one as of now."""
        self.write()
        with self._lock:
            own = self._written
        return [*own, *self._others()]

    def write(self) -> None:
        """Write the file, if it says anything new. A folder that cannot be written to is told once."""
        with self._lock:
            samples, now = self._tally.samples(), time.monotonic()
            if samples == self._written and now - self._written_at < RENEW_SECONDS:
                return
            self._written, self._written_at = samples, now
            try:
                self._replace(json.dumps(samples))
                self._failed = False
            except OSError as error:
                if not self._failed:
                    log.warning("metrics.not_written", folder=str(self._folder), reason=str(error))
                self._failed = True

    def _replace(self, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".json.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._path)  # whoever reads meanwhile reads the former one

    def _keep_writing(self) -> None:
        while not self._stop.wait(WRITE_SECONDS):
            self.write()

    def _others(self) -> Iterator[Sample]:
        for path in sorted(self._folder.glob("*.json")):
            if path == self._path:
                continue
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):  # removed just now, or no file of ours
                continue
            yield from _known(found)


def _known(found: Any) -> Iterator[Sample]:
    """Those series of a file that this release has too."""
    for each in found if isinstance(found, list) else ():
        with suppress(TypeError, ValueError):  # not even the form of a series
            name, labels, values = each
            if _WIDTHS.get(name) == (len(labels), len(values)):
                yield Sample(name, tuple(labels), values)
