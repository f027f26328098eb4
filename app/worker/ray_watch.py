"""One seat on a Ray cluster, from asking for it to its end: a thread of the link's."""

import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import ray
from ray.exceptions import ActorUnavailableError, RayError
from ray.util.scheduling_strategies import NodeLabelSchedulingStrategy, NotIn

from app.domain.asks import Asks
from app.errors import SeatEnded, SeatLost
from app.worker import ray_nodes
from app.worker.ray_seat import CALLS, Seat

PAUSE = 0.1  # seconds between two looks at the worker's orders
SAMPLE = 1.0  # seconds between two questions for the state of a trainer
SILENT = 60.0  # seconds without an answer after which a seat is lost; Ray finds most losses out before
KILL = 10.0  # seconds that a trainer's end may take, where its node can be reached at all

Say = Callable[[dict[str, Any]], None]
SEAT = ray.remote(Seat)  # once: each time, a cluster would keep it anew


HEADLESS = "the cluster's head does not answer"
DIED = "its node has died"  # in what Ray says of a seat on a node that it had not found dead yet
NODE_ID = "ray.io/node-id"  # the label that Ray gives each node


class Cluster(Protocol):
    """Its nodes as they are now."""

    present: list[dict[str, Any]]  # as Ray tells of them
    shunned: list[str]  # ids of those that cannot carry out runs now

    @property
    def is_silent(self) -> bool:
        """Whether the head does not answer."""


class Lost(SeatLost):
    """It does not answer, or found no place; `hopeless`: and never will; `infrastructure`: the cluster's fault."""

    def __init__(
        self, reason: str, *, is_placed: bool, is_hopeless: bool = False, is_infrastructure: bool = False
    ) -> None:
        super().__init__(reason)
        self.is_placed = is_placed
        self.is_hopeless = is_hopeless
        self.is_infrastructure = is_infrastructure


class Watch(threading.Thread):
    """Has a run carried out, and after a trial further ones."""

    def __init__(
        self,
        order: dict[str, Any],
        say: Say,
        nodes: Cluster,
    ) -> None:
        """`order`: the worker's, to start a run."""
        super().__init__(daemon=True)
        self.orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._number: int = order["number"]
        self._asks = Asks(**order["asks"])
        self._message: dict[str, Any] = order["message"]
        self._command: list[str] | None = order["command"]
        self._patience: float = order["place"]  # seconds that Ray may take to find room
        self._speak = say
        self._nodes = nodes
        self._state: Any = None  # that was asked for and has not come yet
        self._asked_at = 0.0
        self._hello: dict[str, Any] = {}
        self._is_placed = False

    def _say(self, **what: Any) -> None:
        self._speak({"number": self._number, **what})

    def run(self) -> None:
        """To its end, which is told last, and after which nothing is written any more."""
        seat: Any = None
        try:
            seat = self._asked_for()
            self._place(seat)
            self._carry_out(seat)
        except SeatEnded:
            pass
        except Lost as loss:
            self._say(
                lost=str(loss),
                found_place=loss.is_placed,
                hopeless=loss.is_hopeless,
                infrastructure=loss.is_infrastructure,
            )
        except RayError as error:
            infrastructure = self._is_infrastructure(error)
            reason = HEADLESS if infrastructure and self._nodes.is_silent else _told(error)
            self._say(lost=reason, found_place=not infrastructure, hopeless=False, infrastructure=infrastructure)
        except Exception as error:  # noqa: BLE001 - a mistake of this program's, which must not be lost
            self._say(mistake=traceback.format_exc())
            self._say(lost=f"{type(error).__name__} in the link to the cluster", found_place=True, hopeless=False)
        finally:
            if seat is not None:
                with suppress(Exception):  # it may be gone, or the whole cluster
                    ray.kill(seat)
            self._say(gone=True)

    def _is_infrastructure(self, error: RayError) -> bool:
        """Whether it is the cluster's fault that there is no place; what a seat does wrong may be the run's."""
        return not self._is_placed and (DIED in str(error) or self._nodes.is_silent)

    def _asked_for(self) -> Any:
        """Ray neither starts it again nor repeats a call: a run's further attempts are the table's to decide."""
        shunned = self._nodes.shunned
        made = SEAT.options(
            num_cpus=self._asks.cpus,
            num_gpus=self._asks.gpus,
            memory=self._asks.memory,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=CALLS,
            scheduling_strategy=NodeLabelSchedulingStrategy({NODE_ID: NotIn(*shunned)}) if shunned else None,
            name=f"densely {self._message['run_id']} {self._message['lease_id']}",
        )
        return made.remote(self._asks.cpus, self._asks.gpus, self._command)

    def _place(self, seat: Any) -> None:
        """Wait until it has its node."""
        began = time.monotonic()
        answer = seat.pid.remote()
        while not ray.wait([answer], timeout=PAUSE)[0]:
            self._heed(None)
            if time.monotonic() - began > self._patience:
                if self._nodes.is_silent:  # which would keep whoever asks what is free
                    raise Lost(HEADLESS, is_placed=False, is_infrastructure=True)
                nodes = [ray_nodes.node_of(each) for each in self._nodes.present]
                reason, fits = ray_nodes.no_room(self._asks, nodes, ray.available_resources(), self._patience)
                raise Lost(reason, is_placed=False, is_hopeless=not fits)
        ray.get(answer)
        self._is_placed = True
        self._say(placed=True)

    def _carry_out(self, seat: Any) -> None:
        """One run, or trial after trial."""
        while True:
            end = seat.carry_out.remote(self._message)
            while not ray.wait([end], timeout=PAUSE)[0]:
                self._heed(seat)
                self._sample(seat)
            code, waits = ray.get(end)
            ray.get(seat.let_go.remote() if waits else seat.kill.remote(), timeout=KILL)
            self._say(ended=code, waits=waits)
            if not waits:
                return
            while not (order := self._order(seat)):
                self._sample(seat)
            self._message = order["message"]

    def _order(self, seat: Any) -> dict[str, Any] | None:
        try:
            order = self.orders.get(timeout=PAUSE)
        except Empty:
            return None
        if order["do"] == "kill":
            self._kill(seat)
        return order

    def _heed(self, seat: Any) -> None:
        """While a run goes on, there is but one order."""
        with suppress(Empty):
            self.orders.get_nowait()
            self._kill(seat)

    def _kill(self, seat: Any) -> None:
        """
        Raises:
            SeatEnded: always.
        """
        if seat is not None:
            with suppress(Exception):  # its node is gone: the fence holds off what may still be written there
                ray.get(seat.kill.remote(), timeout=KILL)
        raise SeatEnded

    def _sample(self, seat: Any) -> None:
        """Tell the trainer's memory, and once what it said of itself.

        Raises:
            Lost: no answer came for a long time.
            RayError: there is no seat any more.
        """
        now = time.monotonic()
        if self._state is None:
            if now - self._asked_at >= SAMPLE:
                self._state, self._asked_at = seat.state.remote(), now
            return
        if not ray.wait([self._state], timeout=0)[0]:
            if now - self._asked_at > SILENT:
                raise Lost(f"its node did not answer for {SILENT:g} seconds", is_placed=True)
            return
        state, self._state = ray.get(self._state), None
        self._say(memory=state["memory"])
        if state["hello"] != self._hello:
            self._hello = state["hello"]
            self._say(hello=self._hello)


def _told(error: RayError) -> str:
    """In a line, for the run's history: what Ray gives as the cause, if it does."""
    if isinstance(error, ActorUnavailableError):
        return "its node cannot be reached"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if "because" in line] or lines[-1:]
    return causes[0][:300] if causes else type(error).__name__
