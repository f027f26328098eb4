"""What a cluster has room for beside the runs that a worker has claimed, and which others are passed over."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.asks import Asks, Node

FULL_SECONDS = 60.0  # for which a run is passed over that found no place, the first time; then twice as long, and so on
LONGEST = 900.0
DOUBLINGS = 4  # that it takes to get there; a run may wait for weeks
FORGOTTEN = 3_600.0  # after which nothing is known of it: it may have ended long ago


def slots_of(nodes: list[Node]) -> int:
    """Runs of one CPU each that there is room for."""
    return sum(int(node.cpus) for node in nodes)


def lacking_gpus(asks: Asks, claimed: int, nodes: list[Node]) -> str | None:
    """Why a run need not wait for a GPU, in a line, or None; `claimed`: those that this worker's runs ask for."""
    there = sum(int(node.gpus) for node in nodes)
    if not asks.gpus or not there or claimed + asks.gpus <= there:  # with no GPU left, it would not ask for one
        return None
    return f"asks for {asks}, and this worker's other runs have all {there} GPUs that the cluster has"


@dataclass
class _Passed:
    asks: Asks
    nodes: list[Node]  # of the cluster until then
    until: float  # monotonic time
    since: float
    times: int


class PassedOver:
    """Runs that went back to the queue because the cluster was full. Being old, they would be claimed first again.

    Those that lack a GPU are passed over as long as this worker's other runs have them all, others for a while, or
    until a node comes that could hold them.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._passed: dict[str, _Passed] = {}

    def add(self, run_id: str, asks: Asks, nodes: list[Node], *, is_own: bool = False) -> None:
        """`is_own`: it was this worker's runs that have what it lacks."""
        now = self._monotonic()
        former = self._passed.get(run_id)
        times = (former.times if former else 0) + (not is_own)
        pause = 0.0 if is_own else min(FULL_SECONDS * 2 ** min(times - 1, DOUBLINGS), LONGEST)
        self._passed[run_id] = _Passed(asks, nodes, now + pause, now, times)

    def now(self, claimed_gpus: int, nodes: list[Node]) -> list[str]:
        """Those that are to be passed over; `claimed_gpus`: that this worker's runs ask for."""
        now = self._monotonic()
        self._passed = {key: each for key, each in self._passed.items() if now - each.since < FORGOTTEN}
        return [
            key
            for key, each in self._passed.items()
            if (now < each.until and not _has_come(each, nodes)) or lacking_gpus(each.asks, claimed_gpus, nodes)
        ]


def _has_come(passed: _Passed, nodes: list[Node]) -> bool:
    """Whether the cluster has a node more that could hold it."""
    return any(passed.asks.fit(node) for node in Counter(nodes) - Counter(passed.nodes))
