"""A trainer on a Ray cluster, as the worker sees it; what becomes of it is told by the link."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from app.domain.asks import Asks, Node
from app.domain.runs import Change
from app.wire.runs import RunError
from app.worker.protocols import Loss

Send = Callable[[dict[str, Any]], None]

FULL = "ClusterFull"  # how the loss of a run is called that found no place
GONE_STATUS = 1  # of a trainer that ended without one
KILL_SECONDS = 20.0  # longest wait for the end of a seat: its node may be gone, and then the fence holds


class RayTrainer:
    """Given one run, or a sweep's trials one after the other."""

    def __init__(self, number: int, asks: Asks, send: Send) -> None:
        self.number = number
        self.asks = asks
        self.nodes: list[Node] = []  # of the cluster when a place was asked for
        self.hello: dict[str, Any] = {}
        self.sweep: str | None = None  # whose trial it was given last
        self.waits_since = 0.0  # monotonic time
        self.is_placed = False  # on a node
        self.is_killed = False
        self._send = send
        self._turn = threading.Lock()  # over its number, and the orders that have to do with its end
        self._memory = 0
        self._ended: int | None = None
        self._loss: Loss | None = None
        self._is_free = False  # for another trial: whoever watched the last has let go
        self._can_wait = False  # having told the end of a trial
        self._begun = False
        self._message: dict[str, Any] = {}
        self._said = threading.Event()  # the end of a run, or of all
        self._gone = threading.Event()

    @property
    def alive(self) -> bool:
        """Whether there is a seat, or will be."""
        return not self._gone.is_set()

    @property
    def waits(self) -> bool:
        """Whether it has carried out a trial, and can be given another one of the same sweep."""
        return self._is_free and self.alive and not self.is_killed

    def give(self, message: dict[str, Any], sweep: str | None, seat: dict[str, Any]) -> None:
        """A run; for the first the cluster looks for room. `seat`: what the link is told besides."""
        self.sweep, self._is_free, self._can_wait, self._ended = sweep, False, False, None
        self._message = message
        self._said.clear()
        if not self.alive:  # the link has just ended; whoever waits learns of it
            self._said.set()
        elif self._begun:
            self._send({"do": "give", "number": self.number, "message": message})
        else:
            self._begun = True
            self._send({"do": "start", "number": self.number, "asks": asdict(self.asks), "message": message, **seat})

    def take_over(self, seat: "RayTrainer") -> None:
        """Have the run that found no place yet carried out by a seat that has waited: the trainer there ends as one.

        The place that was asked for has been given up, and nothing is heard of it any more.
        """
        with self._turn:
            self.number, self.asks, self.is_placed, self.hello = seat.number, seat.asks, True, seat.hello
            if self.is_killed:  # meanwhile: its order has gone to the place that was given up
                self._send({"do": "kill", "number": self.number})
            else:
                self._send({"do": "give", "number": self.number, "message": self._message})
        seat.lose(cluster_away("its seat was given to another run"))

    def lose(self, loss: Loss) -> None:
        """There is no link any more, and so no seat."""
        self._loss = self._loss or loss
        self.hear({"gone": True})

    def hear(self, said: dict[str, Any]) -> None:
        """What the link tells of it."""
        self._memory = said.get("memory", self._memory)
        self.hello = said.get("hello", self.hello)
        self.is_placed = said.get("placed", self.is_placed)
        if "lost" in said:
            self._loss = _loss_of(said)
        if "ended" in said:
            self._ended, self._can_wait = said["ended"], said["waits"]
        if "gone" in said:
            self._gone.set()
        if "ended" in said or "gone" in said:
            self._said.set()

    def wait(self, seconds: float) -> int | None:
        """Up to so long for the end of its run."""
        if not self._said.wait(seconds):
            return None
        return GONE_STATUS if self._ended is None else self._ended

    @property
    def run_id(self) -> str:
        """Of the run that it was given last."""
        return str(self._message.get("run_id", ""))

    def loss(self) -> Loss | None:
        """Why its run did not end by itself."""
        return self._loss if self._ended is None else None

    def kill(self) -> None:
        """End it on its node, and wait for that."""
        if self.dismiss():
            self._gone.wait(KILL_SECONDS)

    def dismiss(self) -> bool:
        """Have it end on its node, without waiting for that; whether there was something to end."""
        with self._turn:
            self.is_killed = True
            if self.alive:
                self._send({"do": "kill", "number": self.number})
            return self.alive

    def let_go(self) -> None:
        """Its run has ended, and so has it, unless that was a trial: then it is free for another one."""
        if self._ended is None or self._loss or not self._can_wait:
            self.kill()
        else:
            self.waits_since = time.monotonic()
            self._is_free = True

    def memory(self) -> int:
        """Resident memory on its node, bytes, as it was told last."""
        return self._memory if self.alive else 0


def _loss_of(said: dict[str, Any]) -> Loss:
    """A node that is gone is as a trainer that died; a place that was not found is not the run's fault."""
    if said["found_place"]:
        return Loss(None, RunError(type="TrainerLost", message=f"its trainer was lost: {said['lost']}"))
    if said["hopeless"]:
        return Loss(Change.ERRORED, RunError(type="ClusterTooSmall", message=said["lost"]))
    if said.get("infrastructure"):
        return cluster_away(said["lost"])
    return cluster_full(said["lost"])


def cluster_full(reason: str) -> Loss:
    """What befalls a run that found no place: its attempt is given back."""
    return Loss(Change.RELEASED, RunError(type=FULL, message=reason))


def cluster_away(reason: str) -> Loss:
    """What befalls all trainers when the link to the cluster ends, or one whose node or head was silent: as above."""
    return Loss(Change.RELEASED, RunError(type="ClusterAway", message=reason))
