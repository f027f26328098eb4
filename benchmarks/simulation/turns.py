"""Processes that take whatever waits for them in one turn of their event loop, on cores that others want too."""

from collections.abc import Callable, Generator
from typing import Any

import simpy

from benchmarks.simulation.figures import Turn

SLICE = 0.003  # seconds that the system gives a process before it looks at others: Linux's usual few milliseconds

Happening = Generator[simpy.Event, Any, None]
Handed = Callable[[list[Any]], None]


class Looper:
    """One event loop: `put` something, and with what else waits it is handed on after the turn."""

    def __init__(
        self, environment: simpy.Environment, cost: Turn, hand_on: Handed, cores: simpy.Resource | None = None
    ) -> None:
        """`cores`: those that it shares; None: one of its own."""
        self._environment, self._cost, self._hand_on, self._cores = environment, cost, hand_on, cores
        self._waiting: list[Any] = []
        self._idle: simpy.Event | None = None
        self.busy = 0.0  # seconds
        environment.process(self._turn())

    def put(self, what: Any) -> None:
        """For the next turn."""
        self._waiting.append(what)
        if self._idle is not None:
            self._idle.succeed()
            self._idle = None

    def _turn(self) -> Happening:
        while True:
            if not self._waiting:
                self._idle = self._environment.event()
                yield self._idle
            taken, self._waiting = self._waiting, []
            seconds = self._cost.seconds(len(taken))
            self.busy += seconds
            if self._cores is None:
                yield self._environment.timeout(seconds)
            else:
                yield from self._share(seconds)
            self._hand_on(taken)

    def _share(self, seconds: float) -> Happening:
        assert self._cores is not None
        left = seconds
        while left > 0:
            with self._cores.request() as core:
                yield core
                part = min(left, SLICE)
                yield self._environment.timeout(part)
                left -= part
