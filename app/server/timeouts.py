"""How long a client may keep a connection without getting on.

Nothing is timed request by request: every connection is checked twice a second, and whoever is seen at the same
position for too long is at its end. Bytes that trickle in do not move a client on; only a head, a body or an answer
that is complete does.
"""

from collections.abc import Hashable
from dataclasses import dataclass

CHECK_SECONDS = 0.5  # between two checks of a connection's timeouts
LINGER_SECONDS = 1.0  # that a rejected client has to read why, before the connection is cut


@dataclass(frozen=True)
class ConnectionLimits:
    """Of one API process; timeouts in seconds."""

    head_timeout: float = 20.0  # for the first request to begin, and for a head to be complete
    body_timeout: float = 120.0  # for a body to be complete; as long may a client take nothing of its answer
    max_connections: int = 1_000


class StallTimer:
    """Since when somebody has been seen at the same position."""

    def __init__(self) -> None:
        self._position: Hashable = None
        self.since = 0.0  # the event loop's time; 0 before it has been seen anywhere

    def elapsed(self, position: Hashable, now: float) -> float:
        """Seconds at this position, as far as was seen; `now` is the event loop's time."""
        if position != self._position:
            self._position, self.since = position, now
        return now - self.since

    def reset(self) -> None:
        """Somewhere else."""
        self._position = None
