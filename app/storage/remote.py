"""The store as a process has it: its objects, what of them is kept here, and how long it is waited for."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.errors import StoreAway
from app.storage.filesystems import check_installed
from app.storage.kept import Kept, Place
from app.storage.objects import Count, ObjectStore, Stored

T = TypeVar("T")

MODELS, UPLOADS = "models", "uploads"  # folders of the store, and the places of the same here
MANIFEST = "manifest.json"  # of a model: the last object that is put
IDENTITY = "identity"  # the object that tells a store from others
PATIENCE = 60.0  # seconds that a run waits for the store
PAUSE = 1.0  # seconds between two looks meanwhile


@dataclass(frozen=True)
class Remote:
    """An object store beside the folders of this machine, which become caches of it."""

    objects: ObjectStore
    kept: Kept
    patience: float = 0.0  # seconds; an API process does not wait
    tell: Callable[[float], object] = lambda _: None  # of a wait: 0 as it begins; its seconds, if it was not in vain

    def patiently(self, action: Callable[[], T]) -> T:
        """What `action` returns, which is tried again while the store is away.

        Raises:
            StoreAway: it stayed away.
            Unusable: somebody has to mend something first.
        """
        began, waits = time.monotonic(), False
        while True:
            try:
                result = action()
            except StoreAway:
                if not waits and self.patience and not self.objects.is_closed:
                    self.tell(0.0)  # also where one try has taken all the time that there was
                    waits = True
                if self.objects.is_closed or time.monotonic() - began >= self.patience:
                    raise
                time.sleep(PAUSE)
            else:
                if waits:
                    self.tell(time.monotonic() - began)
                return result

    def check(self, *, quietly: bool = False) -> None:
        """
        Raises:
            StoreAway: the store does not answer now.
            Unusable: somebody has to mend something first.
        """
        self.objects.ask(IDENTITY, quietly=quietly)

    def begin(self) -> None:
        """`check` at a process' start: the log tells of a store that is away, which may come later.

        Raises:
            Unusable: somebody has to mend something first. That is told by whoever ends with it.
        """
        try:
            self.check(quietly=True)
        except StoreAway as error:
            self.objects.health.went_away(self.objects.told, shown=error.message)

    def unfinished(self, folder: str, before: float) -> list[tuple[Stored, Callable[[], None]]]:
        """Files last changed before that, in seconds since 1970, which a killed process has left; what removes each.

        Raises:
            StoreAway, Unusable: the store does not tell.
        """
        found = (each for each in self.objects.unfinished(folder) if each.modified < before)
        return [(each, partial(self.objects.delete, each.name)) for each in found]

    def close(self) -> None:
        """Its connections."""
        self.objects.close()


def open_remote(
    url: str,
    models: Path,
    uploads: Path,
    cache_mib: int,
    patience: float = 0.0,
    count: Count = lambda *_: None,
    tell: Callable[[float], object] = lambda _: None,
) -> Remote | None:
    """The store at a URL of the settings; None without one: then everything is in these folders alone.

    `patience` and `tell` as `Remote` has them.

    Raises:
        Unusable: what this store needs is not installed.
    """
    if not url:
        return None
    check_installed(url)
    objects = ObjectStore(url, count)

    def bytes_of_model(name: str) -> int:
        folder = f"{MODELS}/{name.replace('.', '/', 1)}"
        found = {each.name: each.bytes for each in objects.below(folder)}
        manifest = found.pop(f"{folder}/{MANIFEST}", None)  # which tells of the others, and not of itself
        return 0 if manifest is None else sum(found.values())

    def bytes_of_rows(name: str) -> int:
        return objects.size(f"{UPLOADS}/{name}") or 0

    places = {  # models are <task>.<model id>
        MODELS: Place(models, lambda name: models.joinpath(*name.split(".", 1)), bytes_of_model, ".staging/"),
        UPLOADS: Place(uploads, lambda name: uploads / name, bytes_of_rows, ".staging-"),
    }
    kept = Kept(url, cache_mib * 2**20, places, gives=lambda: objects.health.gives)
    return Remote(objects, kept, patience, tell)
