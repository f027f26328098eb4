"""Where a claimed run is carried out, if that is a Ray cluster: a seat for a run or a sweep, which Ray finds room for.

The runs table stays the truth: Ray repeats nothing, and what it loses returns to the queue by lease and fence. There is
no spare: it would hold what others could use, and Ray was not asked for its memory.
"""

import importlib.util
import threading
import time
from collections.abc import Callable
from threading import Event
from typing import Any, ClassVar

from app.domain.asks import Asks, Load, Node, asks_of
from app.errors import Unusable
from app.services.execution import Claim
from app.wire.runs import Run
from app.worker.executors import KEPT_SECONDS
from app.worker.protocols import Assignment, Trainer, message_of
from app.worker.ray_channel import Channel
from app.worker.ray_trainer import RayTrainer

MOST = 64  # runs that one worker watches
POLL = 0.2  # seconds
PATIENCE = 1.0  # seconds in which whoever watched a trial may have another one for its seat
PLACE_SECONDS = 60.0  # for which a run is `running` without a place, before it returns to the queue or fails


class RayExecutor:
    """One seat per run or sweep. Threads may share it."""

    command: ClassVar[list[str] | None] = None  # of the trainers; None: that of the Densely that each node has

    def __init__(
        self,
        assignment: Assignment,
        address: str,
        load: Callable[[Run], Load],
        run_memory: int = 2**33,
        kept_memory: int = 2**31,
        place: float = PLACE_SECONDS,
    ) -> None:
        """`load` tells how large a run is. `run_memory`: bytes that one may take.

        `kept_memory`: bytes, above which a trainer is not given another trial. `place`: seconds that Ray may take to
        find room.

        Raises:
            Unusable: Ray is not installed.
        """
        if importlib.util.find_spec("ray") is None:
            raise Unusable("DENSELY_EXECUTOR=ray needs Ray: pip install 'densely[ray]'")
        self._assignment = assignment
        self._load = load
        self._run_memory = run_memory
        self._kept_memory = kept_memory
        self._place = place
        self._channel = Channel(address)
        self._lock = threading.Lock()
        self._given: list[RayTrainer] = []  # those that have runs, or wait for a trial
        self._facts: dict[str, dict[str, Any]] = {}  # what the latest trainer of each node said

    def slots(self, stop: Event) -> int:
        """How many runs the cluster carries out at once, as soon as it can be seen; 1 if `stop` comes before that."""
        while not stop.is_set():
            self._channel.keep()
            if self._channel.seen.is_set():
                return max(1, min(_slots(self._channel.nodes), MOST))
            stop.wait(POLL)
        return 1

    def is_ready(self) -> bool:
        """Whether the cluster is there, suits, and has a CPU that none of these runs has."""
        busy = sum(trainer.alive and not trainer.waits for trainer in tuple(self._given))
        return busy < _slots(self._channel.nodes)

    def warm(self) -> None:
        """Keep in touch with the cluster, and end seats that nobody needs."""
        self._channel.keep()
        with self._lock:
            self._end_idle()
            self._relieve()

    def start(self, claim: Claim) -> Trainer:
        """Give the run to a seat that waits for this sweep's trials, or have the cluster find another one."""
        with self._lock:
            self._end_idle()
            asks = self._asks(claim.run)
            sweep = claim.run.sweep
            waiting = [each for each in self._given if each.waits]
            trainer = next((each for each in waiting if sweep and each.sweep == sweep and each.asks.cover(asks)), None)
            if trainer is None:
                self._make_room(waiting)
                trainer = self._channel.take(asks)
            self._given = [each for each in self._given if each.alive and each is not trainer] + [trainer]
            trainer.give(message_of(self._assignment, claim), sweep, {"command": self.command, "place": self._place})
            return trainer

    def _asks(self, run: Run) -> Asks:
        return asks_of(run.recipe, run.validation, self._load(run), self._channel.nodes, self._run_memory)

    def _make_room(self, waiting: list[RayTrainer]) -> None:
        """Seats that wait for other sweeps' trials give way when there is no slot left."""
        lacking = sum(each.alive for each in self._given) + 1 - _slots(self._channel.nodes)
        for trainer in sorted(waiting, key=lambda each: each.waits_since)[: max(0, lacking)]:
            trainer.kill()

    def _relieve(self) -> None:
        """A run that has no place yet takes a seat that waits, if it is of the same sweep, or else its room."""
        waiting = sorted((each for each in self._given if each.waits), key=lambda each: each.waits_since)
        unplaced = [each for each in self._given if each.alive and not each.is_placed]
        for asked, seat in zip(unplaced, waiting, strict=False):
            if time.monotonic() - seat.waits_since < PATIENCE:
                continue
            if not (asked.sweep and asked.sweep == seat.sweep and seat.asks.cover(asked.asks)):
                seat.kill()
            elif not self._channel.replace(asked, seat):
                continue
            self._given.remove(seat)

    def _end_idle(self) -> None:
        for trainer in [each for each in self._given if each.waits]:
            if time.monotonic() - trainer.waits_since > KEPT_SECONDS or trainer.memory() > self._kept_memory:
                trainer.kill()
                self._given.remove(trainer)

    def facts(self) -> dict[str, Any]:
        """What the trainers said of themselves."""
        self._facts |= {each.hello["node"]: each.hello for each in tuple(self._given) if each.hello}
        devices = sorted(f"{device} on {node}" for node, said in self._facts.items() for device in said["devices"])
        versions = {key: value for said in self._facts.values() for key, value in said["versions"].items()}
        return {"devices": devices, "versions": {**versions, **self._channel.versions}}

    def memory(self) -> int:
        """Resident memory of the trainers that have runs, or wait for a trial, on all nodes, bytes."""
        return sum(trainer.memory() for trainer in tuple(self._given))

    def close(self) -> None:
        """End all seats."""
        self._channel.close()


def _slots(nodes: list[Node]) -> int:
    """Runs of one CPU each that there is room for."""
    return sum(int(node.cpus) for node in nodes)
