"""Runs, the slots of a cluster that carry them out, and the database that all of them write to."""

import random
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import simpy

from benchmarks.simulation.figures import Figures
from benchmarks.simulation.turns import Happening

DAY = 86_400.0
HEARTBEAT = 2.0  # seconds, DENSELY_HEARTBEAT_SECONDS
LOOK = 0.2  # DENSELY_POLL_SECONDS: for a request to cancel, and of an idle worker for a run
FLUSH = 0.2  # between two writes of a run's epochs
# What runs take, seconds (docs/benchmarks.md), and of how many: baselines and trials, middling ones, convolutions.
MIX = ((0.60, 3.0), (0.30, 40.0), (0.10, 600.0))
EPOCHS = 20  # of a run, in the mean; a write takes those of FLUSH


def mean_run() -> float:
    """Seconds."""
    return sum(share * seconds for share, seconds in MIX)


def writes(seconds: float) -> int:
    """How often a run of so many seconds writes epochs."""
    return max(1, min(EPOCHS, int(seconds / FLUSH)))


@dataclass(frozen=True)
class Work:
    """What came of it."""

    waited_p50: float  # seconds from queued to claimed
    waited_p99: float
    slots: float  # share of them that was busy
    lock: float  # share of time that somebody held the lock of events
    cpu: float  # share of the database's cores
    commit_p50: float  # milliseconds of a write, with its waiting
    commit_p99: float


@dataclass
class _Tally:
    waited: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    busy: float = 0.0
    held: float = 0.0
    cpu: float = 0.0


class Cluster:
    """Slots that claim runs, one after the other, with what each of them writes."""

    def __init__(self, figures: Figures, slots: int, cores: int, background: float, told: bool, seed: int = 1) -> None:
        """`background`: the database's processor time, of a second, that idle replicas take. `told`: LISTEN/NOTIFY."""
        self._figures, self._told = figures, told
        self._environment = simpy.Environment()
        self._random = random.Random(seed)
        self._events = simpy.Resource(self._environment, 1)
        self._cores = simpy.Resource(self._environment, cores)
        self._slow = 1 / max(1 - background / cores, 0.05)
        self._queue: deque[tuple[float, float]] = deque()  # when it came, and what it takes
        self._idle: list[simpy.Event] = []
        self._tally = _Tally()
        self._slots, self._count = slots, cores
        for _ in range(slots):
            self._environment.process(self._slot())

    def simulate(self, per_second: float, seconds: float) -> Work:
        """Runs that come by chance, so many a second."""
        self._environment.process(self._arrive(per_second))
        self._environment.run(seconds)
        tally = self._tally
        waited = tally.waited + [seconds - came for came, _ in self._queue]
        p50, p99 = np.percentile(waited, (50, 99)) if waited else (0.0, 0.0)
        commits = np.percentile(tally.commits or [0.0], (50, 99)) * 1e3
        return Work(
            float(p50),
            float(p99),
            tally.busy / self._slots / seconds,
            tally.held / seconds,
            tally.cpu * self._slow / self._count / seconds,
            float(commits[0]),
            float(commits[1]),
        )

    def _arrive(self, per_second: float) -> Happening:
        shares, lengths = zip(*MIX, strict=True)
        while True:
            yield self._environment.timeout(self._random.expovariate(per_second))
            self._environment.process(self._queued(self._random.choices(lengths, shares)[0]))

    def _queued(self, takes: float) -> Happening:
        yield from self._transact("queue")
        self._queue.append((self._environment.now, takes * self._random.uniform(0.5, 1.5)))
        if self._told and self._idle:
            self._idle.pop(0).succeed()

    def _slot(self) -> Happening:
        yield self._environment.timeout(self._random.uniform(0, LOOK))
        while True:
            if not self._queue:
                yield from self._wait()
                continue
            came, takes = self._queue.popleft()
            yield from self._transact("claim")
            self._tally.waited.append(self._environment.now - came)
            yield from self._carry_out(takes)

    def _wait(self) -> Happening:
        if self._told:
            self._idle.append(event := self._environment.event())
            yield event
        else:
            yield from self._transact("idle")
            yield self._environment.timeout(LOOK)

    def _carry_out(self, takes: float) -> Happening:
        done = self._environment.event()
        self._environment.process(self._watch(done))
        parts = writes(takes)
        for _ in range(parts):
            began = self._environment.now
            yield self._environment.timeout(takes / parts)
            yield from self._transact("epochs")
            self._tally.busy += self._environment.now - began
        yield from self._transact("end")
        done.succeed()

    def _watch(self, done: simpy.Event) -> Happening:
        looks = 0
        while not done.triggered:
            yield self._environment.timeout(LOOK) | done
            if not done.triggered:
                looks += 1
                yield from self._transact("renew" if looks % round(HEARTBEAT / LOOK) == 0 else "look")

    def _transact(self, name: str) -> Happening:
        cost, began = self._figures.transactions[name], self._environment.now
        if cost.held == 0:
            yield from self._on_a_core(cost.cpu)
            yield self._environment.timeout(max(cost.whole - cost.cpu, 0))
            return
        before = max(cost.whole - cost.held, 0)
        yield self._environment.timeout(before)
        with self._events.request() as turn:
            yield turn
            yield from self._on_a_core(cost.cpu)
            yield self._environment.timeout(max(cost.held - cost.cpu, 0))
            self._tally.held += cost.held
        self._tally.commits.append(self._environment.now - began)

    def _on_a_core(self, seconds: float) -> Happening:
        with self._cores.request() as core:
            yield core
            yield self._environment.timeout(seconds * self._slow)
        self._tally.cpu += seconds
