"""When a lease has run out, told without comparing clocks.

Clocks of machines differ and jump, so no time is written into a lease. It carries a count of heartbeats instead, and
whoever watches measures, by a monotonic clock of its own, for how long the count has stood still: the way of the lock
clients of Chubby (Burrows 2006) and DynamoDB. A watcher that has just started waits for a whole lease first.
"""

from collections.abc import Collection, Mapping

Sign = tuple[str, int]  # a lease's id, and how many heartbeats it has had

# Of a lease, the most that a gap between two looks counts. Who could not look, because the database was away or the
# process asleep, does not know whether others could have renewed; they get at least this long to do so afterwards.
LONGEST_GAP = 0.25


class Observer:
    """What one watcher has seen of all leases."""

    def __init__(self, lease_seconds: float) -> None:
        """`lease_seconds`: how long a lease holds without a heartbeat."""
        self._lease = lease_seconds
        self.gap = lease_seconds * LONGEST_GAP  # seconds
        self._ages: dict[str, tuple[Sign, float]] = {}  # by run: its present sign, and for how long it has been seen
        self._looked_at = 0.0

    def look(self, held: Mapping[str, Sign], now: float) -> list[str]:
        """Which of these runs' leases have run out; `now` is monotonic, in seconds."""
        passed = min(now - self._looked_at, self.gap)
        self._looked_at = now
        before, self._ages = self._ages, {}
        for run_id, sign in held.items():
            known, age = before.get(run_id, (None, 0.0))
            self._ages[run_id] = (sign, age + passed if known == sign else 0.0)
        return [run_id for run_id, (_, age) in self._ages.items() if age > self._lease]

    def pardon(self, run_ids: Collection[str]) -> None:
        """They may have been kept from renewing, as this watcher was from its work: a gap more for them."""
        for run_id in run_ids:
            if run_id in self._ages:
                sign, age = self._ages[run_id]
                self._ages[run_id] = (sign, min(age, self._lease - self.gap))
