"""Whether a store answers, as this process has last seen it: told in the log when that changes, not at every try."""

from collections.abc import Callable
from threading import Lock

from app.logs import get as get_log

log = get_log()

GET = "get"  # the operation that fetches an object


class Health:
    """What operations have led to, from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.has_given = False  # whether it has ever said what an object holds, or that there is none
        self._monotonic = monotonic
        self._lock = Lock()
        self._away_since: float | None = None
        self._reason = ""
        self._refused: dict[str, float] = {}  # operations that somebody has to mend something for, and since when

    @property
    def gives(self) -> bool:
        """Whether objects can be fetched, as far as is known."""
        return self._away_since is None and GET not in self._refused

    def answered(self, operation: str) -> None:
        """It did what was asked for, or has no such object."""
        with self._lock:
            self.has_given |= operation == GET
            self._note_back()
            since = self._refused.pop(operation, None)
            if since is not None:
                log.info("store.usable", operation=operation, seconds=round(self._monotonic() - since, 1))

    def went_away(self, reason: str, shown: str = "") -> str:
        """It did not answer, however often it was asked; returns why it did not the first time.

        So whoever tells of what follows from that says the same as long as it is away. `shown`: for the log instead.
        """
        with self._lock:
            if self._away_since is None:
                self._away_since, self._reason = self._monotonic(), reason
                log.warning("store.away", reason=shown or reason)
            return self._reason

    def refused(self, operation: str, reason: str) -> None:
        """Somebody has to mend something first, there or here."""
        with self._lock:
            self._note_back()
            if operation not in self._refused:
                self._refused[operation] = self._monotonic()
                log.warning("store.unusable", operation=operation, reason=reason)

    def _note_back(self) -> None:
        if self._away_since is not None:
            log.info("store.back", seconds=round(self._monotonic() - self._away_since, 1))
            self._away_since = None
