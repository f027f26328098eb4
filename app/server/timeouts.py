"""How long a client may keep a connection without getting on.

Nothing is timed request by request: every connection is looked at twice a second, and whoever is seen at the same place
for too long is at its end. Bytes that trickle in do not move a client on; only a head, a body or an answer that is
complete does.
"""

from collections.abc import Hashable
from dataclasses import dataclass

LOOK_SECONDS = 0.5  # between two looks
LINGER_SECONDS = 1.0  # that a refused client has to read why, before the connection is cut


@dataclass(frozen=True)
class Limits:
    """Of one API process."""

    head_seconds: float = 20.0  # for the first request to begin, and for a head to be complete
    body_seconds: float = 120.0  # for a body to be complete; as long may a client take nothing of its answer
    connections: int = 1_000


class Stay:
    """Since when somebody has been seen at the same place."""

    def __init__(self) -> None:
        self._place: Hashable = None
        self._since = 0.0

    def seconds(self, place: Hashable, now: float) -> float:
        """How long at this place, as far as was seen; `now` is the event loop's time."""
        if place != self._place:
            self._place, self._since = place, now
        return now - self._since

    def forget(self) -> None:
        """Somewhere else."""
        self._place = None
