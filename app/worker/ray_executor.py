"""Where a claimed run is carried out, if that is a Ray cluster: a seat for a run or a sweep, which Ray finds room for.

The runs table stays the truth: Ray repeats nothing, and what it loses returns to the queue by lease and fence. There is
no spare: it would hold what others could use, and Ray was not asked for its memory.
"""

import importlib.util
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any, ClassVar

from app.domain.asks import Asks, Load, asks_of
from app.errors import Unusable
from app.services.execution import Claim
from app.wire.runs import Run
from app.worker.executors import KEPT_SECONDS
from app.worker.protocols import Assignment, Trainer, message_of
from app.worker.ray_channel import Channel
from app.worker.ray_room import PassedOver, lacking_gpus, slots_of
from app.worker.ray_trainer import FULL, RayTrainer, cluster_full

MOST = 64  # runs that one worker watches
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
        database: str = "sqlite",
        store: str = "",
    ) -> None:
        """`load` tells how large a run is. `run_memory`: bytes that one may take.

        `database`, `store`: how the URLs of both begin, which tells what nodes need.

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
        self._channel = Channel(address, database, store)
        self._lock = threading.Lock()
        self._given: list[RayTrainer] = []  # those that have runs, or wait for a trial
        self._moving: list[RayTrainer] = []  # that are about to take the seat of another one
        self._passed = PassedOver()
        self._facts: dict[str, dict[str, Any]] = {}  # what the latest trainer of each node said

    def slots(self) -> int:
        """How many runs the cluster carries out at once now; 1 while it is away, for whoever waits for it."""
        return max(1, min(slots_of(self._channel.nodes), MOST))

    def is_ready(self) -> bool:
        """Whether the cluster is there, suits, and has a CPU that none of these runs asks for."""
        return self._asked().cpus < slots_of(self._channel.nodes)

    def passed_over(self) -> Collection[str]:
        """Runs that there was no room for, and is none yet: others go before."""
        with self._lock:
            self._collect()
            return self._passed.now(self._asked().gpus, self._channel.nodes)

    def _asked(self) -> Asks:
        """What all runs together ask for that this worker has claimed; seats that wait give way."""
        asks = [each.asks for each in tuple(self._given) if each.alive and not each.waits]
        return Asks(sum(each.cpus for each in asks), sum(each.memory for each in asks), sum(each.gpus for each in asks))

    def _collect(self) -> None:
        """Drop trainers that have ended, and note whose runs found no place."""
        for trainer in [each for each in self._given if not each.alive]:
            loss = trainer.loss()
            if loss and loss.error.type == FULL:
                # The head may be silent now, and nodes that only return are none that come.
                known = Counter(trainer.nodes) | Counter(self._channel.nodes)
                self._passed.add(trainer.run_id, trainer.asks, list(known.elements()))
            self._given.remove(trainer)

    def warm(self) -> None:
        """Keep in touch with the cluster, and end seats that nobody needs; nobody waits for their ends."""
        self._channel.keep()
        with self._lock:
            self._collect()
            self._end_idle()
            self._relieve()

    def start(self, claim: Claim) -> Trainer:
        """Give the run to a seat that waits for this sweep's trials, or have the cluster find another one."""
        with self._lock:
            self._collect()
            self._end_idle()
            asks = self._asks(claim.run)
            sweep = claim.run.sweep
            waiting = [each for each in self._given if each.waits]
            trainer = next((each for each in waiting if sweep and each.sweep == sweep and each.asks.cover(asks)), None)
            if trainer is None:
                self._make_room(waiting, asks)
                lack = lacking_gpus(asks, self._asked().gpus, self._channel.nodes)
                if lack:
                    self._passed.add(claim.run.id, asks, self._channel.nodes, is_own=True)
                trainer = self._channel.take(asks, cluster_full(lack) if lack else None)
            self._given = [each for each in self._given if each is not trainer] + [trainer] * trainer.alive
            trainer.give(message_of(self._assignment, claim), sweep, {"command": self.command, "place": self._place})
            return trainer

    def _asks(self, run: Run) -> Asks:
        return asks_of(run.recipe, run.validation, self._load(run), self._channel.nodes, self._run_memory)

    def _make_room(self, waiting: list[RayTrainer], asks: Asks) -> None:
        """Seats that wait for other sweeps' trials give way when there are no CPUs left."""
        lacking = sum(each.asks.cpus for each in self._given) + asks.cpus - slots_of(self._channel.nodes)
        for trainer in sorted(waiting, key=lambda each: each.waits_since):
            if lacking <= 0:
                break
            self._dismiss(trainer)
            lacking -= trainer.asks.cpus

    def _relieve(self) -> None:
        """A run that has no place yet takes a seat that waits, if it is of the same sweep, or else its room."""
        waiting = sorted((each for each in self._given if each.waits), key=lambda each: each.waits_since)
        unplaced = [each for each in self._given if each.alive and not each.is_placed and each not in self._moving]
        for asked, seat in zip(unplaced, waiting, strict=False):
            if time.monotonic() - seat.waits_since < PATIENCE:
                continue
            if not (asked.sweep and asked.sweep == seat.sweep and seat.asks.cover(asked.asks)):
                self._dismiss(seat)
                continue
            self._given.remove(seat)
            self._moving.append(asked)
            threading.Thread(target=self._move, args=(asked, seat), daemon=True).start()

    def _move(self, asked: RayTrainer, seat: RayTrainer) -> None:
        """Have a seat carry out the run of one that has no place; in a thread, since the old place ends first."""
        is_moved = self._channel.replace(asked, seat)
        with self._lock:
            self._moving.remove(asked)
            if not is_moved:
                self._given.append(seat)

    def _end_idle(self) -> None:
        for trainer in [each for each in self._given if each.waits]:
            if time.monotonic() - trainer.waits_since > KEPT_SECONDS or trainer.memory() > self._kept_memory:
                self._dismiss(trainer)

    def _dismiss(self, trainer: RayTrainer) -> None:
        """Its node may be silent, and meanwhile every run of this worker wants its lease renewed: nobody waits."""
        self._given.remove(trainer)
        trainer.dismiss()

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
